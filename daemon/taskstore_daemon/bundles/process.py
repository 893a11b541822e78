"""The process that takes one bundle in, seen from the daemon."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable

import msgspec

from taskstore_daemon.bundles.wire import Answer, Died, Request, decode_answer, encode


class TakingProcess:
    """Takes in what `request` asks for. `wake` is called, from another thread, when it has ended."""

    def __init__(self, request: Request, log_form: str, wake: Callable[[], None]) -> None:
        # -P: a folder of this name where the daemon was started is no part of it. A session of its own: what a terminal
        # sends is for the daemon, which decides.
        self._process = subprocess.Popen(  # noqa: S603 - this program
            [sys.executable, "-P", "-m", "taskstore_daemon.bundles.child", log_form],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._request, self._wake = request, wake
        self._end: Answer | Died | None = None
        self._thread = threading.Thread(target=self._follow, name="bundle", daemon=True)
        self._thread.start()

    @property
    def end(self) -> Answer | Died | None:
        """What it came to; None while it runs."""
        return self._end

    def kill(self) -> None:
        """End it now, wherever it is: what it did so far stands, and doing it again goes on from there."""
        self._process.kill()

    def join(self) -> None:
        """Wait until it has ended."""
        self._thread.join()

    def _follow(self) -> None:
        line = b""
        with contextlib.suppress(BrokenPipeError), self._process as process:
            assert process.stdin is not None and process.stdout is not None  # noqa: S101 - they are pipes
            # stdin stays open: its end would tell the process that the daemon is gone.
            process.stdin.write(encode(self._request))
            process.stdin.flush()
            line = process.stdout.read()
        try:
            self._end = decode_answer(line)
        except msgspec.MsgspecError:
            self._end = Died(self._process.returncode)
        self._wake()
