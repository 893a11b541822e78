"""Which files are ready to be taken, which must wait, and which were dealt with. Pure: it sees stamps, never a disk.

A file is ready when an event says that it was closed or renamed into place, else when two looks, `settle` seconds
apart or more, saw the same stamp. Once dealt with, it is left alone until its stamp changes.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from taskstore_daemon.hints import Hint
from taskstore_daemon.limits import DEPARTED
from taskstore_daemon.scan import Stamp


class Pending(msgspec.Struct, frozen=True, gc=False):
    """A file that is not dealt with: its stamp, since when it stands still (monotonic seconds), and if it is ready."""

    stamp: Stamp
    since: float
    ready: bool


def judge(stamp: Stamp, before: Pending | None, hint: Hint | None, now: float, settle: float) -> Pending:
    """What a look at a file comes to, given what the look before it saw and what was heard in between."""
    if hint is Hint.COMPLETE:
        return Pending(stamp, now, ready=True)
    if before is None or before.stamp != stamp or hint is Hint.WRITING:
        return Pending(stamp, now, ready=False)
    return Pending(stamp, before.since, ready=before.ready or now - before.since >= settle)


class Tracker:
    """What is known of each file of one inbox, by relative path."""

    def __init__(self, settle: float) -> None:
        self._settle = settle
        self._settled: dict[str, bytes] = {}
        self._pending: dict[str, Pending] = {}
        self._departed: dict[bytes, str] = {}
        self._departed_before: dict[bytes, str] = {}
        """Those of before the last scan."""

    def __len__(self) -> int:
        """How many files are known."""
        return len(self._settled.keys() | self._pending.keys()) if self._pending else len(self._settled)

    def observe(self, path: str, stamp: Stamp, hint: Hint | None, now: float) -> None:
        """A look at `path` saw `stamp`."""
        if self._settled.get(path) == stamp.packed():
            self._pending.pop(path, None)
            return
        self._pending[path] = judge(stamp, self._pending.get(path), hint, now, self._settle)

    def ready(self) -> list[tuple[str, Stamp]]:
        """The files that may be taken, and the stamp that each must still have then."""
        return [(path, pending.stamp) for path, pending in self._pending.items() if pending.ready]

    def waiting(self) -> list[str]:
        """The files that have to stand still first."""
        return [path for path, pending in self._pending.items() if not pending.ready]

    def settle(self, path: str, stamp: Stamp) -> None:
        """`path` was dealt with as it was at `stamp`."""
        self._settled[path] = stamp.packed()
        self._pending.pop(path, None)

    def postpone(self, path: str, now: float) -> None:
        """`path` turned out not to be ready: it has to stand still anew."""
        pending = self._pending.get(path)
        if pending is not None:
            self._pending[path] = Pending(pending.stamp, now, ready=False)

    def revive(self, paths: Iterable[str]) -> None:
        """What refused these files may be mended: deal with them once more, as they are."""
        for path in paths:
            stamp = self._settled.pop(path, None)
            if stamp is not None:
                self._pending[path] = Pending(Stamp.unpacked(stamp), 0.0, ready=True)

    def forget(self, paths: Iterable[str]) -> None:
        """These files are gone."""
        for path in paths:
            self.depart(path)
            self._settled.pop(path, None)
            self._pending.pop(path, None)

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
        waiting = {pending.stamp.survives_rename() for pending in self._pending.values()}
        wanted = {key: path for key, path in self._departed_before.items() if key in waiting}
        self._departed_before = wanted | self._departed
        self._departed = {}

    def absent(self, present: set[str]) -> list[str]:
        """The known files that are not among those `present`."""
        return [path for known in (self._settled, self._pending) for path in known if path not in present]
