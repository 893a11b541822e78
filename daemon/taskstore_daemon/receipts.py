"""What people find in the folder about their files: a note beside each refused manifest, a JSON receipt for each.

Written durably before anybody is told; a batch waits for the disk twice, not twice a file. Nothing is followed out of
the folder that receipts go to, whatever links users put there.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from taskstore.disk import temporary
from taskstore.disk.sync import CAN_SYNC_FILESYSTEM, sync, sync_filesystem
from taskstore_daemon.beneath import opened_folder
from taskstore_daemon.limits import LEFTOVER_SECONDS
from taskstore_daemon.names import ERROR_SUFFIX, RECEIPTS_FOLDER
from taskstore_daemon.verdict import Told
from taskstore_specs.digest import Digest

RECEIPT_SUFFIX = ".json"
_FEW = 4
TEMPORARY = re.compile(r"\d+-[0-9a-f]{16}\.tmp")
"""The names that `taskstore.disk.temporary` makes."""

_MODE = 0o666
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NAME_BYTES = 255
_RECEIPT_BYTES = 16 * 1024 * 1024


class _Note(msgspec.Struct, frozen=True):
    """A file to be written (`data`) or removed (None): the steps of its folder, and its name."""

    folder: tuple[str, ...]
    name: str
    data: bytes | None


class Receipts:
    """The receipts of one inbox: notes beside the manifests in `inbox`, JSON receipts in its `receipts/`; or both
    below `elsewhere`."""

    def __init__(self, inbox: Path, elsewhere: Path | None = None) -> None:
        self._root = elsewhere or inbox
        self._top = () if elsewhere else (RECEIPTS_FOLDER,)

    def write(self, verdicts: Sequence[Told]) -> None:
        """Tell of these verdicts, durably. Raises OSError; then some may be told and others not."""
        self._apply([note for verdict in verdicts for note in self._notes(verdict)])

    def remove(self, paths: Iterable[str]) -> None:
        """The files at `paths` are gone, and what was told of them goes too. Raises OSError."""
        removals = [note for path in paths for note in self._removals(path)]
        self._apply(removals)
        with opened_folder(str(self._root)) as root:
            for folder in {note.folder for note in removals if note.folder[: len(self._top)] == self._top}:
                _remove_empty(root, folder, down_to=len(self._top))

    def sweep(self, now: float) -> None:
        """Remove what daemons that were killed left half written; `now` is in seconds since 1970. Raises OSError.

        Only they write among the JSON receipts. Beside the manifests others do so too, under such names: there only
        what is old is removed.
        """
        with suppress(FileNotFoundError), opened_folder(str(self._root)) as root:
            _sweep(root, before=now - LEFTOVER_SECONDS)
            with _entered(root, self._top) as top:
                _sweep(top, before=now)

    def read(self, path: str) -> dict[str, Any] | None:
        """The JSON receipt of `path`; None when there is none that can be read."""
        folder, name = self._receipt(path)
        try:
            with (
                opened_folder(str(self._root)) as root,
                _entered(root, folder) as parent,
                os.fdopen(os.open(name, _READ, dir_fd=parent), "rb") as file,
            ):
                return msgspec.json.decode(file.read(_RECEIPT_BYTES), type=dict[str, Any])
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def _notes(self, verdict: Told) -> list[_Note]:
        folder, name = self._receipt(verdict.path)
        text = msgspec.json.format(msgspec.json.encode(verdict.receipt()), indent=2) + b"\n"
        # The note first: whoever waits for the receipt finds the note as the receipt says.
        return [self._error(verdict.path, verdict), _Note(folder, name, text)]

    def _removals(self, path: str) -> list[_Note]:
        return [_Note(*self._receipt(path), None), self._error(path, None)]

    def _receipt(self, path: str) -> tuple[tuple[str, ...], str]:
        *folder, name = path.split("/")
        return (*self._top, *folder), _fitting(name, RECEIPT_SUFFIX)

    def _error(self, path: str, verdict: Told | None) -> _Note:
        *folder, name = path.split("/")
        refused = verdict is not None and verdict.errors
        text = verdict.note(name).encode() if verdict is not None and refused else None
        return _Note(tuple(folder), _fitting(name, ERROR_SUFFIX), text)

    def _apply(self, notes: Sequence[_Note]) -> None:
        """Order of writes: temporary files, a wait; names put in place and others removed, a wait."""
        together = CAN_SYNC_FILESYSTEM and len(notes) > _FEW
        with opened_folder(str(self._root)) as root:
            written = [
                _Written(folder, _write(root, folder, inside, durable=not together), inside)
                for folder, inside in _by_folder(notes).items()
            ]
            if together:
                sync_filesystem(root)
            for step in written:
                _place(root, step, durable=not together)
            if together:
                sync_filesystem(root)


class _Written(msgspec.Struct, frozen=True):
    """A folder's notes, and the temporary files that hold those of them that are to be written."""

    folder: tuple[str, ...]
    temporaries: dict[str, str]
    notes: list[_Note]


def _by_folder(notes: Iterable[_Note]) -> dict[tuple[str, ...], list[_Note]]:
    folders: defaultdict[tuple[str, ...], list[_Note]] = defaultdict(list)
    for note in notes:
        folders[note.folder].append(note)
    return folders


def _write(root: int, folder: tuple[str, ...], notes: Iterable[_Note], *, durable: bool) -> dict[str, str]:
    contents = {note.name: note.data for note in notes if note.data is not None}
    if not contents:
        return {}
    with _entered(root, folder, make=True) as inside:
        return {name: temporary.write(inside, data, _MODE, durable=durable) for name, data in contents.items()}


def _place(root: int, step: _Written, *, durable: bool) -> None:
    try:
        with _entered(root, step.folder) as inside:
            changed = bool(step.temporaries)
            for name, waiting in step.temporaries.items():
                os.rename(waiting, name, src_dir_fd=inside, dst_dir_fd=inside)
            for note in step.notes:
                changed |= note.data is None and _remove(inside, note.name)
            if durable and changed:
                sync(inside)
    except FileNotFoundError:
        return  # the whole folder is gone, and what was to be told of its files with it


def _sweep(root: int, *, before: float) -> None:
    """Remove what is left of temporary files that were last written before this time."""
    for _, _, names, folder in os.fwalk(".", dir_fd=root):
        for name in filter(TEMPORARY.fullmatch, names):
            with suppress(FileNotFoundError):
                if os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime < before:
                    _remove(folder, name)


def _remove_empty(root: int, folder: tuple[str, ...], *, down_to: int) -> None:
    """Remove the folder if it is empty, and those above it, but for the first `down_to`."""
    with suppress(OSError):  # it is not empty, or not there
        for depth in range(len(folder), down_to, -1):
            with _entered(root, folder[: depth - 1]) as parent:
                os.rmdir(folder[depth - 1], dir_fd=parent)


def _remove(folder: int, name: str) -> bool:
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


@contextmanager
def _entered(root: int, steps: Sequence[str], *, make: bool = False) -> Iterator[int]:
    """The folder that `steps` lead to from the open folder `root`, never through a link. Raises OSError."""
    with ExitStack() as stack:
        folder = root
        for name in steps:
            if make:
                _make(folder, name)
            folder = stack.enter_context(opened_folder(name, parent=folder))
        yield folder


def _make(folder: int, name: str) -> None:
    try:
        os.mkdir(name, dir_fd=folder)
    except FileExistsError:
        return
    sync(folder)


def _fitting(name: str, suffix: str) -> str:
    """`name` with `suffix`, and of a name too long for that its beginning and its digest."""
    if len(os.fsencode(name + suffix)) <= _NAME_BYTES:
        return name + suffix
    digest = Digest.of(os.fsencode(name)).hex[:16]
    return os.fsdecode(os.fsencode(name)[: _NAME_BYTES - len(suffix) - 17]) + f"-{digest}{suffix}"
