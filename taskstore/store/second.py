"""A second process that prepares files beside this one, as Python computes on one core a process.

It is a child that is spoken to over a socket: sources go there, prepared documents come back, pickled, as both ends are
this program. It opens no file and knows no store. When it cannot be started, or dies, whoever asked it prepares the
files itself: nothing but time is lost.
"""

from __future__ import annotations

import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from taskstore.plan.prepare import Prepared
from taskstore.store.preparing import Batch, Chunk, PreparedFile, prepare_chunk, prepare_file

Documents = tuple[Prepared, ...]

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

    def prepare(self, chunk: Chunk) -> Batch:
        """What `prepare_file` makes of each file."""
        documents: Sequence[Documents | None]
        try:
            documents = self._ask(chunk)
        except (OSError, EOFError):
            self.close()
            documents = [None] * len(chunk)
        return [
            # What is wrong with a file is found out here once more: errors need not travel.
            prepare_file(file) if found is None or isinstance(file, PreparedFile) else PreparedFile(file, found)
            for file, found in zip(chunk, documents, strict=True)
        ]

    def close(self) -> None:
        """End the child, if there is one."""
        if self._socket is not None:
            self._socket.close()
        if self._child is not None:
            self._child.wait()
        self._socket = self._child = None

    def _ask(self, chunk: Chunk) -> list[Documents | None]:
        if self._socket is None:
            self._socket = self._start()
        _send(self._socket, chunk)
        answer: list[Documents | None] = _receive(self._socket)
        return answer

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
    """Be the child: prepare what comes until the other end is closed."""
    # A Ctrl-C is meant for the parent, whose end ends this process as well.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=descriptor) as parent, suppress(OSError, EOFError):
        while True:
            prepared = prepare_chunk(_receive(parent))
            _send(parent, [file.documents if isinstance(file, PreparedFile) else None for file in prepared])


def _send(receiver: socket.socket, value: object) -> None:
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    receiver.sendall(len(data).to_bytes(_LENGTH_BYTES, "big") + data)


def _receive(sender: socket.socket) -> Any:
    """Raises EOFError when the other end is closed."""
    size = int.from_bytes(_exactly(sender, _LENGTH_BYTES), "big")
    return pickle.loads(_exactly(sender, size))  # noqa: S301 - the other end is this program, on a socket of its own


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
