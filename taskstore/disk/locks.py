"""Locks between processes and threads: flock on a file of their own, which dies with its holder.

The file is made once, holds nothing, and is never removed by us: a lock is the kernel's, not the file's.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import weakref
from pathlib import Path
from types import TracebackType
from typing import Self

from taskstore.disk.faults import storage_error
from taskstore.disk.holders import holders
from taskstore.errors import BusyError

_FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_FIRST_SLEEP, _LONGEST_SLEEP = 0.0005, 0.004

_held: weakref.WeakSet[Lock] = weakref.WeakSet()


class Lock:
    """A lock that is held until `release`, the end of a `with` block, or the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor
        _held.add(self)

    def release(self) -> None:
        """Give the lock up. Doing it twice is harmless."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def _forget(self) -> None:
        """Drop the child's copy of the descriptor: unlocking through it would unlock for the parent too."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _forget_in_child() -> None:
    for lock in list(_held):
        lock._forget()


os.register_at_fork(after_in_child=_forget_in_child)


def try_hold(path: Path, *, shared: bool) -> Lock | None:
    """The lock on the file `path`, or None if somebody else holds it in a way that excludes this one.

    Shared holders exclude an exclusive one and the other way round. A lock is held by its Lock, not by the process:
    the same process asking twice meets itself. The file is made if it is missing; a link is not followed. Whoever may
    only read the folder gets a shared lock if the file is there. Raises StorageError, ReadOnlyError.
    """
    try:
        while True:
            with contextlib.ExitStack() as undo:
                descriptor = _open(path, shared)
                undo.callback(os.close, descriptor)
                if not _try_flock(descriptor, shared):
                    return None
                if _is_at(descriptor, path):
                    undo.pop_all()
                    return Lock(descriptor)
    except OSError as error:
        raise storage_error("cannot lock", path, error) from error


def hold(path: Path, *, shared: bool, wait: float) -> Lock:
    """As `try_hold`, trying again for `wait` seconds. Raises BusyError then, naming the holder where it is known."""
    deadline = time.monotonic() + wait
    sleep = _FIRST_SLEEP
    while (lock := try_hold(path, shared=shared)) is None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise _busy(path, wait)
        time.sleep(min(sleep, left))
        sleep = min(sleep * 2, _LONGEST_SLEEP)
    return lock


def _open(path: Path, shared: bool) -> int:
    if shared:
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, os.O_RDONLY | _FLAGS)
    return os.open(path, os.O_RDWR | os.O_CREAT | _FLAGS, 0o666)


def _try_flock(descriptor: int, shared: bool) -> bool:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the locked file is still the one that others find at `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False


def _busy(path: Path, wait: float) -> BusyError:
    pids = holders(path)
    who = f" by process {', '.join(map(str, pids))}" if pids else ""
    return BusyError(
        f"{path} is held{who}, waited {wait:g} seconds", hint="wait until it is done, or end it, then try again"
    )
