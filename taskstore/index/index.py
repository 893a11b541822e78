"""The index as a whole: read and written through leased sessions, caught up with the journal, rebuilt when it fails."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

import duckdb

from taskstore.disk.locks import Lock
from taskstore.errors import BusyError, IndexDamagedError, LimitExceededError, ReadOnlyError, StorageError
from taskstore.index import apply as application
from taskstore.index.connection import interruptible
from taskstore.index.indexfile import IndexFile
from taskstore.index.instance import Instance
from taskstore.index.lease import Lease, Session
from taskstore.index.opening import OpeningGuard
from taskstore.journal import Entry, Head, Journal
from taskstore_specs.digest import Digest

ATTEMPTS = 10
"""How often a reader brings the index up to date before it gives up."""

_UNWRITABLE = (errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT)

Answer = TypeVar("Answer")


class IndexWriter:
    """The index while one caller has it alone. `head` is the last entry of the journal, which has been applied."""

    def __init__(self, session: Session, head: Head, mend: Callable[[Session, duckdb.Error], None]) -> None:
        self._session, self._mend, self.head = session, mend, head

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """For queries: the state as of `head`."""
        return self._session.connection

    def apply(self, entries: Sequence[tuple[Entry, Digest]]) -> None:
        """Take in entries that were committed to the journal, in one transaction. Those up to `head` are skipped.

        An index that fails is rebuilt from the journal, which has the entries. Raises ValueError if they do not follow
        `head`; StorageError if the index cannot be written, and then its next use catches up.
        """
        new = [entry for entry in entries if entry[0].sequence > self.head.sequence]
        if not new:
            return
        if new[0][0].previous != self.head.digest:
            raise ValueError(f"entry {new[0][0].sequence} does not follow entry {self.head.sequence}")
        last, digest = new[-1]
        try:
            application.apply(self.connection, new)
            self._session.head = Head(last.sequence, digest, last.committed_at)
        except duckdb.Error as error:
            self._mend(self._session, error)
        self.head = Head(last.sequence, digest, last.committed_at)


class Index:
    """The index at `path`, a projection of `journal`, shared under locks in the folder `locks`. Safe for threads.

    Whatever is wrong with the file, it is set aside and made anew from the journal, with a warning in the log
    `taskstore.index`. A store that cannot be written is read as it is, or through an index in memory if it is behind.
    """

    def __init__(self, path: Path, locks: Path, journal: Journal) -> None:
        self._journal = journal
        temporary = path.parent / "tmp"
        self._instance = Instance(path, temporary)
        self._files = IndexFile(path, temporary, journal, OpeningGuard(locks), self._instance)
        self._lease = Lease(locks, self._instance)

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to query, as of the end of the journal. Others may read meanwhile, nobody writes.

        A duckdb.Error that leaves the block counts as a fault of the index: it is raised as IndexDamagedError, and the
        index is rebuilt at its next use (`ask` does both). Raises BusyError, JournalDamagedError, StorageError.
        """
        with self._session(exclusive=False) as session:
            yield session.connection

    @contextmanager
    def read_exporting(self, file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        """As `read`, on a connection of its own that may also write `file`, whose path no user has chosen."""
        with self.read():
            pass
        with self._lease.mutex:
            self._lease.release()
            with self._lease.lock(exclusive=False), closing(self._files.connect_exporting(file)) as connection:
                yield connection

    @contextmanager
    def write(self) -> Iterator[IndexWriter]:
        """The index alone, as of the end of the journal. Whoever appends to the journal does it in such a block.

        Raises as `read`, and ReadOnlyError.
        """
        with self._session(exclusive=True) as session:
            yield IndexWriter(session, session.head or self._journal.head(), self._files.mend)

    def ask(self, question: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
        """What `question` answers; asked once more, of a rebuilt index, if the index fails while it is asked."""
        try:
            with self.read() as connection:
                return question(connection)
        except IndexDamagedError:
            with self.read() as connection:
                return question(connection)

    def lag(self) -> int:
        """How many entries the file is behind the journal, without catching it up; all of them if it cannot be read.

        Raises BusyError, JournalDamagedError, StorageError.
        """
        with self._lease.mutex:
            self._lease.release()
            applied = self._files.applied_sequence(self._reading_lock())
        return self._journal.head().sequence - applied

    def _reading_lock(self) -> Lock | None:
        """The lock of a reader; None where the store cannot be written, since then nobody writes."""
        try:
            return self._lease.lock(exclusive=False)
        except ReadOnlyError:
            return None
        except StorageError as error:
            if error.errno not in _UNWRITABLE:
                raise
            return None

    def size(self) -> int:
        """The size of the file in bytes, 0 if there is none. Raises StorageError."""
        return self._files.size()

    def rebuild(self) -> Head:
        """Make the index anew from the journal. Raises JournalDamagedError, BusyError, StorageError."""
        with interruptible(), self.excluded():
            self._files.rebuild()
        with self.write() as writer:
            return writer.head

    @contextmanager
    def excluded(self) -> Iterator[None]:
        """Keep everybody from the index, without opening it: nothing is committed in the block, and nothing is read.

        Not to be used within an operation of the same thread. Raises BusyError, StorageError, ReadOnlyError.
        """
        with self._lease.mutex:
            self._lease.release()
            with self._lease.lock(exclusive=True):
                yield

    def release(self) -> None:
        """Give up the lease, for those who wait, but not what makes the next use cheap."""
        with self._lease.mutex:
            self._lease.release()

    def close(self) -> None:
        """Give up the lease and the memory that DuckDB takes. The index can be used again."""
        with self._lease.mutex:
            self._lease.close()

    @contextmanager
    def _session(self, *, exclusive: bool) -> Iterator[Session]:
        with interruptible(), self._lease.mutex:
            session = self._lease.enter(
                exclusive=exclusive, current=self._files.is_current, opened=lambda: self._open(exclusive)
            )
            try:
                yield session
            except duckdb.OutOfMemoryException as error:
                raise LimitExceededError(f"the query needs too much memory: {error}") from error
            except duckdb.Error as error:
                self._files.distrust(error)
                self._lease.close()
                raise IndexDamagedError(
                    f"the index failed: {error}", hint="do it again: the index is then rebuilt from the journal"
                ) from error
            finally:
                self._lease.leave()

    def _open(self, exclusive: bool) -> Session:
        self._instance.make_ready()  # before any lock is waited for, or held while it is made
        try:
            return self._open_alone() if exclusive else self._open_shared()
        except StorageError as error:
            if exclusive or error.errno not in _UNWRITABLE:
                raise
        except ReadOnlyError:
            if exclusive:
                raise
        return self._files.open_unlocked()

    def _open_alone(self) -> Session:
        return self._files.open_alone(self._lease.lock(exclusive=True))

    def _open_shared(self) -> Session:
        for _ in range(ATTEMPTS):
            session = self._files.try_open(self._lease.lock(exclusive=False))
            if session is not None:
                return session
            self._open_alone().close()
        raise BusyError("the index falls behind faster than it catches up", hint="try again")
