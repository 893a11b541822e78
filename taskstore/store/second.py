"""A second process beside this one, as Python computes on one core a process.

It is a child that is spoken to over a socket: a function and items go there, what the function makes of them comes
back, pickled, as both ends are this program. When it cannot be started, or dies, whoever asked it does the work itself:
nothing but time is lost.
"""

from __future__ import annotations

import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

Item = TypeVar("Item")
Found = TypeVar("Found")

_LENGTH_BYTES = 8
_PROGRAM = "import sys; sys.path[:] = sys.argv[2:]; from taskstore.store.second import serve; serve(int(sys.argv[1]))"


class SecondProcess:
    """The child, started when it is first asked. For one thread at a time."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The child's, while there is one."""
        return self._child.pid if self._child is not None else None

    def run(
        self, work: Callable[[Sequence[Item]], Sequence[Found | None]], items: Sequence[Item]
    ) -> Callable[[], Sequence[Found | None]]:
        """What `work`, a function of a module, gives for each item there; None for all of them when that fails.

        It is there when this returns, and made into objects when it is called for: those of a batch that is yet to
        come would lie scattered among those that stay of the one at hand.
        """
        try:
            if self._socket is None:
                self._socket = self._start()
            _send(self._socket, (work, items))
            answer = _received(self._socket)
        except Exception:
            # Whatever became of the child or of the work: it can be done here, and its faults are met here.
            self.close()
            return lambda: [None] * len(items)
        return lambda: _loaded(answer)

    def close(self) -> None:
        """End the child, if there is one."""
        if self._socket is not None:
            self._socket.close()
        if self._child is not None:
            self._child.wait()
        self._socket = self._child = None

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-c", _PROGRAM, str(theirs.fileno()), *sys.path]
            self._child = subprocess.Popen(  # noqa: S603 - this program itself
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        return ours


def serve(descriptor: int) -> None:
    """Be the child: work on what comes until the other end is closed."""
    # A Ctrl-C is meant for the parent, whose end ends this process as well.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=descriptor) as parent, suppress(OSError, EOFError):
        while True:
            work, items = _loaded(_received(parent))
            _send(parent, work(items))


def _send(receiver: socket.socket, value: object) -> None:
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    receiver.sendall(len(data).to_bytes(_LENGTH_BYTES, "big") + data)


def _received(sender: socket.socket) -> bytearray:
    """Raises EOFError when the other end is closed."""
    return _exactly(sender, int.from_bytes(_exactly(sender, _LENGTH_BYTES), "big"))


def _loaded(data: bytearray) -> Any:
    return pickle.loads(data)  # noqa: S301 - the other end is this program, on a socket of its own


def _exactly(sender: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    left = memoryview(data)
    while left:
        # All at once if it may be, so that the interpreter's lock is asked for once.
        received = sender.recv_into(left, len(left), socket.MSG_WAITALL)
        if not received:
            raise EOFError
        left = left[received:]
    return data
