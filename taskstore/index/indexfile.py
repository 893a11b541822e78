"""The index's file: opened, checked against the journal, caught up, and replaced when anything is wrong with it."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack, closing, nullcontext
from pathlib import Path

import duckdb

from taskstore.disk.files import file_size
from taskstore.disk.locks import Lock
from taskstore.errors import IndexDamagedError, NotFoundError, StorageError
from taskstore.index import apply, rebuild, schema
from taskstore.index.connection import connect, connect_exporting
from taskstore.index.instance import Instance
from taskstore.index.lease import Session
from taskstore.index.opening import OpeningGuard
from taskstore.journal import Head, Journal


class IndexFile:
    """The file at `path` as a projection of `journal`, attached to `instance` while a session is open. Its methods are
    called under the locks that they name."""

    def __init__(self, path: Path, temporary: Path, journal: Journal, guard: OpeningGuard, instance: Instance) -> None:
        self._path, self._temporary, self._journal, self._guard = path, temporary, journal, guard
        self._instance = instance
        self._is_known = False
        self._fault: tuple[int, Exception] | None = None

    def distrust(self, error: Exception) -> None:
        """The file failed with `error`: unless somebody replaces it before, that is done when it is next opened."""
        self._fault = (self._inode(), error)

    def is_current(self, session: Session) -> bool:
        """Whether the session's head is that of the journal."""
        return self._journal.head(after=session.head).sequence == (session.head.sequence if session.head else 0)

    def try_open(self, lock: Lock | None) -> Session | None:
        """A session that reads under `lock`; None, and the lock released, if the file is missing, bad or behind."""
        with ExitStack() as undo:
            if lock is not None:
                undo.callback(lock.release)
            try:
                if self._known_fault() or not self._exists():
                    return None
                connection = self._attach(read_only=True, guarded=lock is not None)
                undo.callback(self._instance.detach)
                head = self._checked_head(connection)
                session = Session(connection, self._instance.detach, lock, head, exclusive=False)
            except (duckdb.Error, IndexDamagedError) as error:
                self.distrust(error)
                return None
            if not self.is_current(session):
                return None
            undo.pop_all()
            return session

    def size(self) -> int:
        """The size of the file in bytes, 0 if there is none. Raises StorageError."""
        return file_size(self._path) or 0

    def applied_sequence(self, lock: Lock | None) -> int:
        """The number of the last entry that the file has applied, 0 if it cannot be read; releases `lock`."""
        with lock or nullcontext():
            if not self._path.exists():
                return 0
            try:
                with closing(connect(self._path, read_only=True, temporary=self._temporary)) as connection:
                    head = apply.head(connection)
            except (duckdb.Error, IndexDamagedError):
                return 0
        return head.sequence if head else 0

    def connect_exporting(self, file: Path) -> duckdb.DuckDBPyConnection:
        """A connection that reads, and may write `file`. Raises duckdb.Error."""
        return connect_exporting(self._path, file, temporary=self._temporary)

    def open_alone(self, lock: Lock) -> Session:
        """A session that writes under the exclusive `lock`, caught up with the journal, whatever the file was like."""
        with ExitStack() as undo:
            undo.callback(lock.release)
            connection = self._open_current()
            undo.callback(self._instance.detach)
            session = Session(connection, self._instance.detach, lock, apply.head(connection), exclusive=True)
            undo.pop_all()
            return session

    def open_unlocked(self) -> Session:
        """A session on a store that cannot be written: on the file if that is current, else on an index in memory."""
        session = self.try_open(None)
        if session is None:
            connection = rebuild.in_memory(self._journal)
            session = Session(connection, connection.close, None, apply.head(connection), exclusive=False)
        return session

    def mend(self, session: Session, error: Exception) -> None:
        """Replace the file under the exclusive `session`, in which it failed with `error`."""
        session.disconnect()
        self.distrust(error)
        session.connection = self._open_current()
        session.head = apply.head(session.connection)

    def rebuild(self) -> None:
        """Replace the file by one made from the journal, under the exclusive lock."""
        try:
            rebuild.rebuild(self._path, self._temporary, self._journal)
        except duckdb.Error as error:
            raise self._storage_error(error) from error
        self._fault, self._is_known = None, True

    def _open_current(self) -> duckdb.DuckDBPyConnection:
        try:
            if fault := self._known_fault():
                raise fault
            if self._exists():
                return self._open_caught_up()
            self.rebuild()
        except (duckdb.Error, IndexDamagedError) as error:
            if _is_disk_full(error):
                raise self._storage_error(error) from error
            _warn(error)
            rebuild.set_aside(self._path, self._temporary)
            self.rebuild()
        try:
            return self._open_caught_up()
        except duckdb.Error as error:
            raise self._storage_error(error) from error

    def _open_caught_up(self) -> duckdb.DuckDBPyConnection:
        with ExitStack() as undo:
            connection = self._attach(read_only=False, guarded=True)
            undo.callback(self._instance.detach)
            head = self._checked_head(connection)
            for chunk in rebuild.chunks(self._journal.entries(after=head)):
                apply.apply(connection, chunk)
                last, digest = chunk[-1]
                head = Head(last.sequence, digest, last.committed_at)
            undo.pop_all()
            return connection

    def _known_fault(self) -> Exception | None:
        return self._fault[1] if self._fault is not None and self._fault[0] == self._inode() else None

    def _inode(self) -> int:
        try:
            return self._path.lstat().st_ino
        except OSError:
            return 0

    def _exists(self) -> bool:
        """Whether there is a file. Raises IndexDamagedError of anything else in its place, such as a link."""
        if self._path.is_symlink() or (self._path.exists() and not self._path.is_file()):
            raise IndexDamagedError("it is not a regular file")
        return self._path.exists()

    def _attach(self, *, read_only: bool, guarded: bool) -> duckdb.DuckDBPyConnection:
        with self._guard.opening(self._path) if guarded else nullcontext():
            return self._instance.attach(read_only=read_only)

    def _checked_head(self, connection: duckdb.DuckDBPyConnection) -> Head | None:
        """The last entry applied. Raises IndexDamagedError if the file is of another format or journal."""
        row = connection.execute("SELECT format FROM meta").fetchone()
        if row != (schema.FORMAT,):
            raise IndexDamagedError("it has another format")
        head = apply.head(connection)
        if head is not None and not self._is_known and not self._is_in_journal(head):
            raise IndexDamagedError(f"entry {head.sequence} of the journal is not the one that was applied")
        self._is_known = True
        return head

    def _is_in_journal(self, head: Head) -> bool:
        try:
            if self._journal.digest(head.sequence) == head.digest:
                return True
            self._journal.read(head.sequence)  # which tells of a damaged entry: the index may be right then
        except NotFoundError:
            pass
        return False

    def _storage_error(self, error: Exception) -> StorageError:
        number = errno.ENOSPC if _is_disk_full(error) else errno.EIO
        return StorageError(f"cannot write the index ({error})", self._path, OSError(number, os.strerror(number)))


def _warn(error: Exception) -> None:
    import logging  # only where it is needed, as it takes a command that lists a hundredth of its time

    logging.getLogger("taskstore.index").warning("the index is rebuilt from the journal: %s", error)


def _is_disk_full(error: Exception) -> bool:
    return isinstance(error, duckdb.IOException) and os.strerror(errno.ENOSPC) in str(error)
