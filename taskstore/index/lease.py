"""Sharing the index file: short connections under flock, a gate against starving, a lease so that bursts are warm.

DuckDB lets one process write or many read, and holds the file for as long as a connection is open. So a connection is
opened for an operation, under a lock: readers share `index.lock`, a writer has it alone. Whoever wants the lock first
takes `gate.lock` and holds it until the lock is his; while a writer waits there, no new reader gets past.

A connection is kept for a while after its operation. It is given up LEASE seconds later, before a fork, or at the
next operation if somebody waits at the gate. The DuckDB instance behind it holds no file then, and stays.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import duckdb

from taskstore.disk import locks
from taskstore.disk.locks import Lock
from taskstore.index.instance import Instance
from taskstore.journal.entry import Head

LEASE = 0.05
"""Seconds that an unused connection is kept."""
WAIT = 60.0
"""Seconds to wait for others to be done with the index; a rebuild of a million versions takes about twenty."""


class Session:
    """An open connection, the lock it is open under (None on read-only media), and the last entry it has applied.

    `disconnect` ends the connection.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        disconnect: Callable[[], None],
        lock: Lock | None,
        head: Head | None,
        *,
        exclusive: bool,
    ) -> None:
        self.connection, self.disconnect = connection, disconnect
        self.lock, self.head, self.exclusive = lock, head, exclusive

    def close(self) -> None:
        """End the connection, then let others have the file."""
        try:
            self.disconnect()
        finally:
            if self.lock is not None:
                self.lock.release()


class Lease:
    """At most one session of this process on an index, kept warm between operations. Its methods want `mutex` held.

    `folder` is that of the locks; `instance` is what sessions attach the index to.
    """

    def __init__(self, folder: Path, instance: Instance) -> None:
        self._file, self._gate = folder / "index.lock", folder / "gate.lock"
        self._instance = instance
        self.mutex = threading.RLock()
        self._session: Session | None = None
        self._users = 0
        self._deadline = 0.0
        self._timer: threading.Thread | None = None
        _leases.add(self)

    def lock(self, *, exclusive: bool) -> Lock:
        """The lock on the index, queued for at the gate. Raises BusyError, StorageError, ReadOnlyError."""
        with locks.hold(self._gate, shared=False, wait=WAIT):
            return locks.hold(self._file, shared=not exclusive, wait=WAIT)

    def enter(self, *, exclusive: bool, current: Callable[[Session], bool], opened: Callable[[], Session]) -> Session:
        """The kept session if it will do, is `current` and nobody waits; else the one that `opened` gives.

        To be followed by `leave`. Within an operation of the same thread the session is that operation's.
        """
        if self._session is None or not (self._users or self._may_keep(exclusive, current)):
            self.release()
            self._session = opened()
        if exclusive and not self._session.exclusive:
            raise RuntimeError("this thread is reading the index and cannot write to it before it is done")
        self._users += 1
        return self._session

    def leave(self) -> None:
        """The session of the last `enter` is no longer used."""
        self._users -= 1
        self._deadline = time.monotonic() + LEASE
        if self._session is not None and self._timer is None:
            self._timer = threading.Thread(target=self._expire, name="taskstore-index-lease", daemon=True)
            self._timer.start()

    def release(self) -> None:
        """Close the session, if there is one."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def close(self) -> None:
        """Close the session, and give up the instance."""
        self.release()
        self._instance.close()

    def _may_keep(self, exclusive: bool, current: Callable[[Session], bool]) -> bool:
        session = self._session
        if session is None or (exclusive and not session.exclusive):
            return False
        return current(session) and not (session.lock is not None and self._is_awaited())

    def _is_awaited(self) -> bool:
        gate = locks.try_hold(self._gate, shared=False)
        if gate is None:
            return True
        gate.release()
        return False

    def _expire(self) -> None:
        while True:
            with self.mutex:
                left = self._deadline - time.monotonic()
                if self._session is None or left <= 0:
                    self._timer = None
                    self.release()
                    return
            time.sleep(left)

    def before_fork(self) -> None:
        """Close, once no other thread is using it: a DuckDB instance must not be in two processes."""
        if self.mutex.acquire(timeout=WAIT):
            try:
                if not self._users:
                    self.close()
            finally:
                self.mutex.release()

    def before_exit(self) -> None:
        """Close, and wait for a thread that is about to: an interpreter that ends while a thread is in DuckDB takes
        that thread out of C++ by force, and the process aborts."""
        if self.mutex.acquire(timeout=WAIT):
            try:
                if not self._users:
                    self.close()
            finally:
                self.mutex.release()

    def after_fork(self) -> None:
        """In the child: forget the parent's session and instance without closing them."""
        if self._session is not None:
            _abandoned.append(self._session)
        self._instance.forget()
        self.mutex = threading.RLock()
        self._session, self._users, self._timer = None, 0, None


_leases: weakref.WeakSet[Lease] = weakref.WeakSet()
_abandoned: list[Session] = []


def _release_all() -> None:
    for lease in list(_leases):
        lease.before_fork()


def _release_at_exit() -> None:
    for lease in list(_leases):
        lease.before_exit()


def _forget_all() -> None:
    for lease in list(_leases):
        lease.after_fork()


os.register_at_fork(before=_release_all, after_in_child=_forget_all)
atexit.register(_release_at_exit)
