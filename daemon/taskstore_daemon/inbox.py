"""One watched folder: its scans, its watcher, and what is known of its files."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from taskstore_daemon import log
from taskstore_daemon.backend import Backend
from taskstore_daemon.beneath import opened_folder
from taskstore_daemon.hints import Hint, Hints, Mailbox
from taskstore_daemon.limits import FILES_PER_INBOX, LISTED, SCAN_SHARE
from taskstore_daemon.names import Ignored, bundle_of, printable
from taskstore_daemon.scan import Found, Item, Skipped, Stamp, Unread, look_at, scan
from taskstore_daemon.tracker import Tracker

if TYPE_CHECKING:
    from taskstore_daemon.watch import InotifyWatch


class Inbox:
    """A folder that manifests and bundles are dropped into: `tracker` follows the manifests, `bundles` the others.

    `rescan` and `settle` are seconds, as `clock` counts them; `why_poll` names why events are not used, empty when they
    are. `replaced` says whether the last scan found another folder than the one before.
    """

    def __init__(
        self,
        root: Path,
        *,
        rescan: float,
        settle: float,
        why_poll: str,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.root = root
        self.why_poll = why_poll
        self.tracker = Tracker(settle)
        self.bundles = Tracker(settle)
        self.problem = ""
        self.last_scan_at: datetime | None = None
        self.last_scan_seconds = 0.0
        self.scans = 0
        self.replaced = False
        self.ignored: list[Skipped] = []
        self.ignored_counts: Counter[Ignored] = Counter()
        self._clock = clock
        self._rescan = rescan
        self._settle = settle
        self._mailbox = Mailbox(wake)
        self._watch: InotifyWatch | None = None
        self._identity: tuple[int, int] | None = None
        self._next_scan = 0.0
        self._next_look = float("inf")

    @property
    def backend(self) -> Backend:
        """How changes are noticed now."""
        return Backend.POLLING if self.why_poll else Backend.INOTIFY

    @property
    def name(self) -> str:
        """The inbox's real path, printable."""
        return printable(str(self.root))

    def due(self) -> float:
        """When (monotonic seconds) the next look is due, if nothing happens before."""
        return min(self._next_scan, self._next_look)

    def waiting(self) -> list[str]:
        """The files that have to stand still first."""
        return [*self.tracker.waiting(), *self.bundles.waiting()]

    def tracker_of(self, path: str) -> Tracker:
        """What follows the file `path`."""
        return self.tracker if bundle_of(path) is None else self.bundles

    def request_scan(self, why: str) -> None:
        """Scan everything at the next look."""
        self._mailbox.rescan(why)

    def key(self, path: str) -> str:
        """What the journal calls the file `path`: the inbox's real path and the file's path in it, printable."""
        return f"{self.name}/{printable(path)}"

    def close(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def look(self, now: float) -> list[str]:
        """Look at what the hints and the time call for, and return the files that are gone.

        A folder that cannot be looked at is a problem that is told, and no reason to believe that its files are gone.
        """
        hints = self._take_hints()
        gone: list[str] = []
        try:
            with opened_folder(str(self.root)) as root:
                if hints.rescan or now >= self._next_scan:
                    gone = self._look_everywhere(root, hints, now)
                else:
                    gone = self._look_at_hints(root, hints, now)
        except OSError as error:
            self._next_scan = now + self._rescan
            self._tell_problem(f"the folder cannot be read: {error.strerror or error}")
        if not self.waiting():
            self._next_look = float("inf")
        elif not now < self._next_look < float("inf"):
            self._next_look = self._clock() + self._settle
        return gone

    def renamed_from(self, stamp: Stamp) -> str | None:
        """The path that the file of this stamp had when it was dealt with, if it was renamed since."""
        path = self.tracker.renamed_from(stamp)
        if path is None:
            return None
        try:
            with opened_folder(str(self.root)) as root:
                return path if look_at(root, path) is None else None
        except OSError:
            return None

    def _take_hints(self) -> Hints:
        hints = self._mailbox.take()
        for path, hint in hints.files.items():
            if hint is Hint.MOVED_AWAY:
                self.tracker.depart(path)
        return hints

    def _look_everywhere(self, root: int, hints: Hints, now: float) -> list[str]:
        if hints.rescan and self.scans:
            log.info("scanning everything", inbox=self.root, why=hints.rescan)
        self._note_identity(os.fstat(root))
        watch = self._ensure_watch()
        started = time.thread_time()  # of this thread alone: what is served meanwhile is no reason to scan less often
        if watch is not None:
            watch.begin_scan()
        gone = self._observe_all(scan(root, self._on_folder), hints)
        if self._watch is not None:
            self._watch.end_scan()
        self.last_scan_seconds = time.thread_time() - started
        self.last_scan_at = datetime.now(UTC)
        self.scans += 1
        # Jitter keeps many daemons on one file server from scanning in step.
        pause = max(self._rescan, self.last_scan_seconds / SCAN_SHARE)
        self._next_scan = now + pause * random.uniform(0.9, 1.1)  # noqa: S311 - not for secrets
        return gone

    def _note_identity(self, status: os.stat_result) -> None:
        identity = (status.st_dev, status.st_ino)
        self.replaced = self._identity not in (None, identity)
        self._identity = identity

    def _observe_all(self, items: Iterable[Item], hints: Hints) -> list[str]:
        missing = self.tracker.known() | self.bundles.known()
        found = 0
        unread: list[Unread] = []
        self.ignored, self.ignored_counts = [], Counter()
        for item in items:
            if isinstance(item, Found):
                found += 1
                missing.discard(item.path)
                self._observe(item, hints.files.get(item.path))
            elif isinstance(item, Skipped):
                self._note_ignored(item)
            else:
                unread.append(item)
            if found > FILES_PER_INBOX:
                unread.append(Unread("", f"it holds more than {FILES_PER_INBOX} files; the rest is not looked at"))
                break
        self._tell_problem("; ".join(f"{printable(i.path) or self.root}: {i.reason}" for i in unread[:LISTED]))
        gone = [path for path in missing if not _is_below(path, unread)]
        self._forget(gone)
        for tracker in (self.tracker, self.bundles):
            tracker.end_scan()
        return gone

    def _look_at_hints(self, root: int, hints: Hints, now: float) -> list[str]:
        # An editor moves a file away and writes it anew: what is gone for good, the next scan tells.
        files: dict[str, Hint | None] = {p: h for p, h in hints.files.items() if h is not Hint.MOVED_AWAY}
        if self._next_look <= now:
            files = dict.fromkeys(self.waiting()) | files
        for folder in hints.folders:
            try:
                for item in scan(root, self._on_folder, below=folder):
                    if isinstance(item, Found):
                        self._observe(item, files.pop(item.path, None))
            except OSError:
                continue  # gone again, or replaced: the next scan tells
        gone = [path for path, hint in files.items() if not self._look_at_file(root, path, hint)]
        self._forget(gone)
        return gone

    def _look_at_file(self, root: int, path: str, hint: Hint | None) -> bool:
        """Observe one file; False when it is gone."""
        try:
            item = look_at(root, path)
        except OSError:
            return True  # unknown is not gone
        if isinstance(item, Found):
            self._observe(item, hint)
        return isinstance(item, Found)

    def _observe(self, item: Found, hint: Hint | None) -> None:
        # When this file is looked at, not when its scan began: between two looks at a file must be `settle` seconds.
        self.tracker_of(item.path).observe(item.path, item.stamp, hint, self._clock())

    def _forget(self, gone: Iterable[str]) -> None:
        for path in gone:
            self.tracker_of(path).forget([path])

    def _note_ignored(self, item: Skipped) -> None:
        self.ignored_counts[item.why] += 1
        if len(self.ignored) < LISTED and item.why not in (Ignored.HIDDEN, Ignored.RECEIPT):
            self.ignored.append(item)

    def _ensure_watch(self) -> InotifyWatch | None:
        if self.why_poll:
            return None
        if self._watch is not None and not self._watch.healthy:
            log.warning("the watcher failed; starting it anew", inbox=self.root)
            self.close()
        if self._watch is None:
            try:
                from taskstore_daemon.watch import InotifyWatch

                self._watch = InotifyWatch(self.root, self._mailbox)
            except OSError as error:
                self._poll_instead(error)
        return self._watch

    def _on_folder(self, path: str, status: os.stat_result) -> None:
        if self._watch is None:
            return
        try:
            self._watch.ensure(path, status)
        except OSError as error:
            self._poll_instead(error)

    def _poll_instead(self, error: OSError) -> None:
        self.close()
        self.why_poll = error.strerror or str(error)
        log.warning("polling from now on", inbox=self.root, why=self.why_poll)

    def _tell_problem(self, problem: str) -> None:
        if problem and problem != self.problem:
            log.warning("cannot look at everything", inbox=self.root, problem=problem)
        self.problem = problem


def _is_below(path: str, folders: Iterable[Unread]) -> bool:
    return any(not folder.path or path == folder.path or path.startswith(f"{folder.path}/") for folder in folders)
