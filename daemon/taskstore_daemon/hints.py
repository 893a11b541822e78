"""What a watcher tells the loop: which files may be worth a look, and when only a whole scan will do.

Written by the watcher's thread and read by the loop. Nothing is lost when hints are: a scan finds everything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum

import msgspec

from taskstore_daemon.limits import HINTS


class Hint(Enum):
    """What was last seen of a file: it is being written, it was closed or renamed into place, or renamed away."""

    WRITING = "writing"
    COMPLETE = "complete"
    MOVED_AWAY = "moved away"


class Hints(msgspec.Struct, frozen=True):
    """Everything told since the last time: the last hint of each file, folders to scan, and why to scan all, if so."""

    files: dict[str, Hint] = {}
    folders: frozenset[str] = frozenset()
    rescan: str = ""


class Mailbox:
    """Collects hints until the loop takes them.

    `wake` is called, from any thread, when there is something to do, once between two takings.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._files: dict[str, Hint] = {}
        self._folders: set[str] = set()
        self._rescan = ""
        self._woken = False

    def file(self, path: str, hint: Hint) -> None:
        """Something happened to a file. Only one that may be whole is a reason to wake anybody."""
        with self._lock:
            self._files[path] = hint
            if len(self._files) > HINTS:
                self._forget("more events than can be kept")
            if hint is Hint.COMPLETE:
                self._wake_once()

    def folder(self, path: str) -> None:
        """A folder appeared."""
        with self._lock:
            self._folders.add(path)
            if len(self._folders) > HINTS:
                self._forget("more events than can be kept")
            self._wake_once()

    def rescan(self, why: str) -> None:
        """Events were lost, or what happened is beyond hints."""
        with self._lock:
            self._forget(why)
            self._wake_once()

    def take(self) -> Hints:
        """All that was told since the last call."""
        with self._lock:
            taken = Hints(self._files, frozenset(self._folders), self._rescan)
            self._files, self._folders, self._rescan, self._woken = {}, set(), "", False
        return taken

    def _wake_once(self) -> None:
        if not self._woken:
            self._woken = True
            self._wake()

    def _forget(self, why: str) -> None:
        # A file whose closing was lost would count as being written for ever: no hint at all is the safe state.
        self._files, self._folders, self._rescan = {}, set(), why
