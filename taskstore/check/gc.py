"""gc: removes what a stopped program left behind: temporary files, and blobs that no journal entry names.

Safe beside writers. A writer puts blobs and appends the entry that names them while it has the index alone; a blob that
is there already is not written again. (Who takes a bundle in puts its blobs before, and looks for them again under the
lock.) So an old blob may gain a name at any time, but only under that lock. Therefore gc takes the same lock for each
batch, reads what was committed since it looked, and removes only what is unnamed still. Which blobs are named is asked
of the journal, which is the truth; where that is damaged, nothing is removed.

Nothing is written before something is removed, so it works on a full disk.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec

from taskstore.check.listing import list_blobs
from taskstore.check.names import NameFilter
from taskstore.check.references import blobs_of
from taskstore.disk.faults import storage_errors
from taskstore.disk.folders import list_folder, open_folder
from taskstore.journal import Head
from taskstore.store.store import Store
from taskstore_specs.digest import Digest

GRACE = 14 * 24 * 3600.0
"""Seconds for which everything is kept, unless told otherwise."""

BATCH = 256
"""How many files are removed before writers get their turn."""

_WRITER = re.compile(r"(\d+)-[0-9a-f]+\.tmp")


class GcReport(msgspec.Struct, frozen=True):
    """How many files were removed, or would be, and how many bytes they held."""

    removed: int
    bytes: int


class _Leftover(msgspec.Struct, frozen=True):
    """A file that may go. `digest` is set of a blob."""

    path: Path
    size: int
    digest: Digest | None


def gc(store: Store, *, grace: float = GRACE, dry_run: bool = False) -> GcReport:
    """Remove temporary files and unnamed blobs that are older than `grace` seconds; `dry_run` only counts them.

    Raises JournalDamagedError, before anything is removed; BusyError, StorageError.
    """
    return _Collection(store, time.time() - grace).run(dry_run=dry_run)


class _Collection:
    def __init__(self, store: Store, before: float) -> None:
        self._store, self._before = store, before
        self._names = NameFilter()
        self._known: Head | None = None

    def run(self, *, dry_run: bool) -> GcReport:
        self._learn_names()
        removed = size = 0
        leftovers = self._leftovers()
        while batch := list(islice(leftovers, BATCH)):
            for leftover in batch if dry_run else self._remove(batch):
                removed += 1
                size += leftover.size
        return GcReport(removed, size)

    def _learn_names(self) -> None:
        """Take in the names of the entries that are new since the last time."""
        for entry, digest in self._store.journal.entries(after=self._known):
            for blob, _ in blobs_of(entry):
                self._names.add(blob)
            self._known = Head(entry.sequence, digest, entry.committed_at)

    def _leftovers(self) -> Iterator[_Leftover]:
        tmp = self._store.root / "tmp"
        for name in list_folder(tmp):
            status = _old_file(tmp / name, self._before)
            if status is not None and not _is_being_written(name):
                yield _Leftover(tmp / name, status.st_size, None)
        for found in list_blobs(self._store.root):
            is_old = found.status.st_mtime < self._before
            if found.name is not None and is_old and found.name not in self._names:
                yield _Leftover(found.path, found.status.st_size, found.name)

    def _remove(self, batch: Iterable[_Leftover]) -> Iterator[_Leftover]:
        with self._store.index.excluded():
            self._learn_names()
            for leftover in batch:
                unnamed = leftover.digest is None or leftover.digest not in self._names
                if unnamed and _old_file(leftover.path, self._before) is not None:
                    _remove_file(leftover.path)
                    yield leftover


def _old_file(path: Path, before: float) -> os.stat_result | None:
    """The status of the regular file `path` if it was last written before the time `before`; a link is none."""
    with storage_errors("cannot look up", path):
        try:
            status = path.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
    return status if stat.S_ISREG(status.st_mode) and status.st_mtime < before else None


def _remove_file(path: Path) -> None:
    """Remove a file; its folder may have been replaced by a link since, which is not followed."""
    with (
        storage_errors("cannot remove", path),
        contextlib.suppress(FileNotFoundError),
        open_folder(path.parent) as folder,
    ):
        os.unlink(path.name, dir_fd=folder)


def _is_being_written(name: str) -> bool:
    """Whether the process that a temporary file is named after is alive; another one may have got its number since."""
    writer = _WRITER.fullmatch(name)
    if writer is None:
        return False
    try:
        os.kill(int(writer[1]), 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True
