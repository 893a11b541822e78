"""Surviving a crash of the DuckDB library itself while it opens the file.

A process that dies by a signal cannot set the file aside any more, and the next one would die of it again. So the
first opening in a process is noted in `opening.lock`, which is held meanwhile: whoever finds a note there and has the
lock knows that the writer of the note did not live to remove it. It may have been killed by somebody else, so another
process is sent ahead to see whether the file can be opened.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taskstore.disk import locks
from taskstore.disk.faults import storage_errors
from taskstore.errors import IndexDamagedError

WAIT = 30.0
"""Seconds to wait for others to open the file."""
PROBE = 60.0
"""Seconds that the process that is sent ahead may take."""
_PROBE = "import duckdb, sys; duckdb.connect(sys.argv[1], read_only=True).execute('FROM meta').fetchall()"


class OpeningGuard:
    """Guards the first opening of an index by this process. `folder` is that of the locks."""

    def __init__(self, folder: Path) -> None:
        self._note = folder / "opening.lock"
        self._is_passed = False

    @contextmanager
    def opening(self, file: Path) -> Iterator[None]:
        """In the block `file` is opened. Raises IndexDamagedError before it if the file kills whoever opens it;
        BusyError, StorageError."""
        if self._is_passed:
            yield
            return
        with locks.hold(self._note, shared=False, wait=WAIT):
            with storage_errors("cannot note that the index is opened", self._note):
                self._look_at_note(file)
                self._note.write_text(str(os.getpid()))
            try:
                yield
                self._is_passed = True
            finally:
                # A note that stays costs the next process a look, no more.
                with contextlib.suppress(OSError):
                    self._note.write_text("")

    def _look_at_note(self, file: Path) -> None:
        pid = self._note.read_text(errors="replace")[:20]
        if pid and not _can_be_opened(file):
            self._note.write_text("")
            raise IndexDamagedError(f"process {pid} died while it opened it, and so does another")


def _can_be_opened(file: Path) -> bool:
    import subprocess

    command = [sys.executable, "-c", _PROBE, str(file)]
    try:
        return subprocess.run(command, capture_output=True, timeout=PROBE, check=False).returncode == 0  # noqa: S603
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
