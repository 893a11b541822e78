"""Telling of verdicts: receipts first, and once they are durable the counts and the log.

In a flood the receipts of one batch are written in a thread of their own while the next batch is committed: both wait
for the disk most of the time.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from taskstore.errors import StorageError
from taskstore.store.health import Counts
from taskstore_daemon import log
from taskstore_daemon.names import printable
from taskstore_daemon.receipts import Receipts
from taskstore_daemon.verdict import Told

_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


class Teller:
    """Tells of what became of the files of the inbox at `root`. `receipts` is None when none are wanted.

    A folder that cannot be written at all is told of once, in `problem` and the log, and goes without receipts.
    """

    def __init__(self, root: Path, receipts: Receipts | None) -> None:
        self.counts = Counts()
        self.problem = ""
        self._root = root
        self._receipts = receipts
        self._owed: list[Told] = []
        self._thread = ThreadPoolExecutor(1, "taskstored-receipts")
        self._writing: tuple[list[Told], Future[None]] | None = None

    def add(self, verdict: Told) -> None:
        """Owe people word of this."""
        self._owed.append(verdict)

    def tell(self, *, wait: bool = True) -> None:
        """Write the receipts that are owed, and say what happened; unless `wait`, that is left for the next call.

        Raises StorageError while the disk refuses; what is owed is kept for the next call.
        """
        self._settle()
        if not self._owed:
            return
        verdicts, self._owed = self._owed, []
        self._writing = verdicts, self._thread.submit(self._write, verdicts)
        if wait:
            self._settle()

    def retry(self) -> None:
        """Tell what could not be told before. Raises as `tell`."""
        if self._owed:
            self.tell()

    def count(self, verdict: Told) -> None:
        """Count it, as it is no news."""
        if verdict.word in self.counts.__struct_fields__:
            setattr(self.counts, verdict.word, getattr(self.counts, verdict.word) + 1)

    def receipt(self, path: str) -> dict[str, Any] | None:
        """The JSON receipt of a file, if there is one."""
        self._finish()
        return self._receipts.read(path) if self._receipts is not None else None

    @property
    def writes_receipts(self) -> bool:
        """Whether any are wanted."""
        return self._receipts is not None

    def remove(self, gone: Iterable[str]) -> None:
        """These files are gone, and what was told of them goes too."""
        self._finish()
        self._try(lambda receipts: receipts.remove(gone))

    def sweep(self, now: float) -> None:
        """Clear away what a daemon before this one left half written; `now` is in seconds since 1970."""
        self._try(lambda receipts: receipts.sweep(now))

    def _finish(self) -> None:
        """Wait until nothing is being written any more."""
        if self._writing is not None:
            self._writing[1].exception()

    def _write(self, verdicts: Sequence[Told]) -> None:
        if self._receipts is not None:
            self._receipts.write(verdicts)

    def _settle(self) -> None:
        if self._writing is None:
            return
        (verdicts, written), self._writing = self._writing, None
        try:
            written.result()
        except OSError as error:
            self._note_problem(error)
            if error.errno not in _READ_ONLY:
                self._owed = [*verdicts, *self._owed]
                raise StorageError("cannot write receipts", Path(error.filename or self._root), error) from error
        else:
            self.problem = ""
        for verdict in verdicts:
            self.count(verdict)
            _log_verdict(self._root, verdict)

    def _try(self, act: Callable[[Receipts], None]) -> None:
        if self._receipts is None:
            return
        try:
            act(self._receipts)
        except OSError as error:
            self._note_problem(error)

    def _note_problem(self, error: OSError) -> None:
        problem = f"receipts cannot be written: {error.strerror or error}"
        if problem != self.problem:
            log.warning("going without receipts", inbox=self._root, problem=problem)
        self.problem = problem


def _log_verdict(inbox: Path, verdict: Told) -> None:
    path = printable(f"{inbox}/{verdict.path}")
    if verdict.errors:
        error = verdict.errors[0]
        log.warning("refused", path=path, error=error.message, hint=error.hint)
    else:
        log.info(verdict.word, path=path, **verdict.facts)
