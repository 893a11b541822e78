"""The outbox: for each store that bundles come from, a receipt to carry back, with which it makes the next bundle."""

from __future__ import annotations

import errno
from pathlib import Path

from taskstore.bundle.limits import RECEIPT_BYTES
from taskstore.disk.files import read_file, replace_file
from taskstore.errors import StorageError, TaskstoreError
from taskstore_daemon import log
from taskstore_daemon.bundles.wire import Return
from taskstore_daemon.receipts import TEMPORARY

_CANNOT_WRITE = (errno.EROFS, errno.EACCES, errno.EPERM)


class Outbox:
    """The folder `folder`. `problem` says why it cannot be written, in words; it is empty when it can."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.problem = ""
        self._sweep()

    def place(self, back: Return) -> Path:
        """Where the receipt for a store lies: a name for each two stores, so that many sites' can lie together."""
        return self._folder / f"to-{back.origin}-from-{back.store_id}.receipt"

    def put(self, back: Return) -> None:
        """Replace the receipt for a store, durably, unless it says the same already.

        Raises StorageError while the disk refuses. A folder that cannot be written at all is told of, and goes without.
        """
        data = back.receipt.encode("ascii")
        try:
            if _read(self.place(back)) != data:
                replace_file(self.place(back), data, tmp=self._folder)
                log.info("receipt", path=self.place(back))
        except StorageError as error:
            self._note(error.message)
            if error.errno not in _CANNOT_WRITE:
                raise
        else:
            self.problem = ""

    def _sweep(self) -> None:
        """Remove what a daemon that was killed left half written."""
        try:
            for path in self._folder.iterdir():
                if TEMPORARY.fullmatch(path.name):
                    path.unlink(missing_ok=True)
        except OSError as error:
            self._note(error.strerror or str(error))

    def _note(self, why: str) -> None:
        problem = f"the outbox cannot be written: {why}"
        if problem != self.problem:
            log.warning("going without receipts for the way back", problem=problem)
        self.problem = problem


def _read(path: Path) -> bytes | None:
    try:
        return read_file(path, most=RECEIPT_BYTES)
    except TaskstoreError:
        return None
