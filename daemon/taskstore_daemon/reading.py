"""Batches of files, read and prepared. While one batch is dealt with, the next is prepared by a second process.

The files are read here, in the loop's thread: a thread of their own would ask for the interpreter's lock after each
system call, and wait for it most of the time. What is prepared ahead may have changed since; whoever deals with it
checks that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from taskstore.store.helper import Helper
from taskstore.store.preparing import Batch as Prepared
from taskstore.store.source import Source
from taskstore_daemon import log
from taskstore_daemon.batches import Ready, next_batch
from taskstore_daemon.beneath import opened_folder
from taskstore_daemon.claims import FileId
from taskstore_daemon.desk import Desk
from taskstore_daemon.ingest import Arrival, prepare
from taskstore_daemon.limits import BATCH_BYTES, BATCH_FILES, LATE_BYTES, LATE_FILES
from taskstore_daemon.signatures import signature_of
from taskstore_daemon.take import NotYet, Refused, Taken, take
from taskstore_specs import Format


class Batch(msgspec.Struct, frozen=True):
    """The files of a batch, and what is found of each, as soon as it is asked for."""

    files: Sequence[Ready]
    found: Callable[[], Sequence[Arrival | Refused | NotYet]]


class _Read(msgspec.Struct, frozen=True):
    """A file that was read, and is yet to be prepared; otherwise as Arrival."""

    taken: Taken
    source: Source
    file: FileId
    root: Path
    key_before: str | None


class Reader:
    """Reads what is ready in all inboxes. `signed` says whether the store wants signatures."""

    def __init__(self, desks: Sequence[Desk], *, signed: bool) -> None:
        self._desks = desks
        self._signed = signed
        self._ahead: Batch | None = None
        self._helper: Helper | None = None

    @property
    def has_more(self) -> bool:
        """Whether another batch follows the one that was taken last."""
        return self._ahead is not None

    def take(self) -> Batch | None:
        """The next batch, None if nothing is ready; the one after it, if there is one, is prepared meanwhile."""
        batch = self._begin(self._choose()) if self._ahead is None else self._with_late(self._ahead)
        self._ahead = self._begin(self._choose(besides=batch.files), ahead=True) if batch is not None else None
        return batch

    def put_back(self) -> None:
        """What was taken last could not be dealt with: everything is to be taken again, in its order."""
        self._ahead = None

    def rest(self) -> None:
        """The flood is over: end the second process."""
        if self._helper is not None:
            self._helper.close()
        self._helper = None

    def _choose(self, besides: Sequence[Ready] = ()) -> list[Ready]:
        ready = [desk.inbox.tracker.ready_by_folder() for desk in self._desks]
        return next_batch(ready, files=BATCH_FILES, size=BATCH_BYTES, besides=besides)

    def _with_late(self, batch: Batch) -> Batch:
        """A batch that was read ahead, with what came since into folders that it has nothing of: that need not wait for
        another batch of the others'."""
        held = {(file.inbox, file.folder) for file in batch.files}
        others = [
            {
                folder: ready
                for folder, ready in desk.inbox.tracker.ready_by_folder().items()
                if (number, folder) not in held
            }
            for number, desk in enumerate(self._desks)
        ]
        late = self._begin(next_batch(others, files=LATE_FILES, size=LATE_BYTES))
        if late is None:
            return batch
        return Batch([*batch.files, *late.files], lambda: [*batch.found(), *late.found()])

    def _begin(self, files: Sequence[Ready], *, ahead: bool = False) -> Batch | None:
        """Read these files, and if that is `ahead` of time, have them prepared meanwhile."""
        if not files:
            return None
        found = self._read(files)
        sources = [item.source for item in found if isinstance(item, _Read)]
        begun = self._prepared_ahead(sources) if ahead else None

        def collect() -> Sequence[Arrival | Refused | NotYet]:
            prepared = iter(begun() if begun is not None else map(prepare, sources))
            return [
                Arrival(item.file, item.source.path, item.taken, item.root, next(prepared), item.key_before)
                if isinstance(item, _Read)
                else item
                for item in found
            ]

        return Batch(files, collect)

    def _prepared_ahead(self, sources: Sequence[Source]) -> Callable[[], Prepared] | None:
        """None when there are too few files to trouble another process with."""
        if self._helper is None and len(sources) < BATCH_FILES // 2:
            return None
        self._helper = self._helper or Helper()
        begun = self._helper.prepare(sources)

        def collect() -> Prepared:
            try:
                return begun()
            except Exception:
                log.fault("a batch could not be prepared", files=len(sources))
                return [prepare(source) for source in sources]

        return collect

    def _read(self, files: Sequence[Ready]) -> list[_Read | Refused | NotYet]:
        found: dict[Ready, _Read | Refused | NotYet] = {}
        for number, desk in enumerate(self._desks):
            mine = [file for file in files if file.inbox == number]
            try:
                with opened_folder(str(desk.inbox.root)) as root:
                    found |= {file: self._read_file(desk, root, file) for file in mine}
            except OSError as error:
                found |= {file: NotYet(file.path, f"the folder cannot be read: {error.strerror}") for file in mine}
        return [found[file] for file in files]

    def _read_file(self, desk: Desk, root: int, file: Ready) -> _Read | Refused | NotYet:
        inbox = desk.inbox
        taken = take(root, file.path, file.stamp)
        if not isinstance(taken, Taken):
            return taken
        signature = signature_of(inbox.root, file.path) if self._signed else None
        before = inbox.renamed_from(root, taken.stamp)
        return _Read(
            taken=taken,
            source=Source(inbox.key(file.path), taken.data, Format.of_name(file.path), signature),
            file=FileId(file.inbox, file.path),
            root=inbox.root,
            key_before=inbox.key(before) if before is not None else None,
        )
