"""Which files are ready to be taken, which must wait, and which were dealt with. Pure: it sees stamps, never a disk.

A file is ready when an event says that it was closed or renamed into place, else when two looks, `settle` seconds
apart or more, saw the same stamp. Once dealt with, it is left alone until its stamp changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from taskstore_daemon.hints import Hint
from taskstore_daemon.limits import DEPARTED
from taskstore_daemon.names import folder_of
from taskstore_daemon.scan import Stamp


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """A file that must stand still first: its stamp, and since when (monotonic seconds) it does."""

    stamp: Stamp
    since: float


class Tracker:
    """What is known of each file of one inbox, by relative path: it is ready, or waiting, or else settled."""

    def __init__(self, settle: float) -> None:
        self._settle = settle
        self._settled: dict[str, bytes] = {}
        self._waiting: dict[str, Waiting] = {}
        self._ready: dict[str, dict[str, Stamp]] = {}
        """By folder, and there in the order in which they came to be ready."""
        self._departed: dict[bytes, str] = {}
        self._departed_before: dict[bytes, str] = {}
        """Those of before the last scan."""

    def __len__(self) -> int:
        """How many files are known."""
        return len(self._settled) + sum(path not in self._settled for path in self._pending())

    def observe(self, path: str, stamp: Stamp, hint: Hint | None, now: float) -> None:
        """A look at `path` saw `stamp`."""
        if self._settled.get(path) == stamp.packed():
            self._drop(path)
        elif hint is Hint.COMPLETE:
            self._make_ready(path, stamp)
        elif hint is Hint.WRITING:
            self._wait(path, stamp, now)
        elif not self.is_ready(path, stamp):
            before = self._waiting.get(path)
            if before is None or before.stamp != stamp:
                self._wait(path, stamp, now)
            elif now - before.since >= self._settle:
                self._make_ready(path, stamp)

    def ready(self) -> list[tuple[str, Stamp]]:
        """The files that may be taken, and the stamp that each must still have then."""
        return [file for files in self._ready.values() for file in files.items()]

    def ready_by_folder(self) -> Mapping[str, Mapping[str, Stamp]]:
        """The same by folder; not to be kept."""
        return self._ready

    def is_ready(self, path: str, stamp: Stamp) -> bool:
        """Whether `path` may be taken as it was at `stamp`."""
        return self._ready.get(folder_of(path), _NONE).get(path) == stamp

    @property
    def queued(self) -> int:
        """How many files may be taken."""
        return sum(map(len, self._ready.values()))

    def waiting(self) -> list[str]:
        """The files that have to stand still first."""
        return list(self._waiting)

    def settle(self, path: str, stamp: Stamp) -> None:
        """`path` was dealt with as it was at `stamp`; if it changed since, it is to be dealt with again."""
        self._settled[path] = stamp.packed()
        waiting = self._waiting.get(path)
        if self.is_ready(path, stamp) or (waiting is not None and waiting.stamp == stamp):
            self._drop(path)

    def postpone(self, path: str, now: float) -> None:
        """`path` turned out not to be ready: it has to stand still anew."""
        stamp = self._ready.get(folder_of(path), _NONE).get(path)
        if stamp is not None:
            self._wait(path, stamp, now)

    def revive(self, paths: Iterable[str]) -> None:
        """What refused these files may be mended: deal with them once more, as they are."""
        for path in paths:
            stamp = self._settled.pop(path, None)
            if stamp is not None:
                self._make_ready(path, Stamp.unpacked(stamp))

    def forget(self, paths: Iterable[str]) -> None:
        """These files are gone."""
        for path in paths:
            self.depart(path)
            self._settled.pop(path, None)
            self._drop(path)

    def depart(self, path: str) -> None:
        """`path` was renamed away, it may be to another name in the inbox."""
        stamp = self._settled.get(path)
        if stamp is None:
            return
        if len(self._departed) >= DEPARTED:
            del self._departed[next(iter(self._departed))]
        self._departed[Stamp.unpacked(stamp).survives_rename()] = path

    def renamed_from(self, stamp: Stamp) -> str | None:
        """Under which name the file of this stamp was dealt with before it was renamed, if it was."""
        key = stamp.survives_rename()
        return self._departed.get(key) or self._departed_before.get(key)

    def end_scan(self) -> None:
        """A whole scan ended, which met the new names of all files that departed before it began, if they have any.

        Only of those that wait under a new name is the old one still wanted; the others are forgotten.
        """
        pending = self._pending().values() if self._departed_before else ()
        keys = {stamp.survives_rename() for stamp in pending}
        wanted = {key: path for key, path in self._departed_before.items() if key in keys}
        self._departed_before = wanted | self._departed
        self._departed = {}

    def known(self) -> set[str]:
        """All files that are known."""
        return self._settled.keys() | self._pending().keys()

    def _pending(self) -> dict[str, Stamp]:
        """The files that are ready or waiting."""
        pending = {path: waiting.stamp for path, waiting in self._waiting.items()}
        for files in self._ready.values():
            pending |= files
        return pending

    def _make_ready(self, path: str, stamp: Stamp) -> None:
        self._waiting.pop(path, None)
        self._ready.setdefault(folder_of(path), {})[path] = stamp

    def _wait(self, path: str, stamp: Stamp, now: float) -> None:
        self._drop(path)
        self._waiting[path] = Waiting(stamp, now)

    def _drop(self, path: str) -> None:
        self._waiting.pop(path, None)
        folder = folder_of(path)
        files = self._ready.get(folder)
        if files is not None and files.pop(path, None) is not None and not files:
            del self._ready[folder]


_NONE: dict[str, Stamp] = {}
