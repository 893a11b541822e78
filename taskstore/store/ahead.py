"""Files prepared in batches, in their order, while the batches before them are committed.

Most of the work of a large deploy is preparing, and Python computes on one core a process: where there are many files
and another core, a second process takes its share (ADR 0011). The files are read here, in this thread: one that asks
for the interpreter's lock after each system call would wait for it most of the time.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Self

from taskstore.store.preparing import Batch, Chunk, Deployable, PreparedFile, prepare_chunk
from taskstore.store.second import SecondProcess

CHUNKS_PER_BATCH = 10
FILES_PER_CHUNK = 250
BYTES_PER_CHUNK = 1_600_000
"""What is committed together, in one journal entry, is a batch: larger ones share more of the costs of a commit, and a
deploy holds two of them in memory (ADR 0009). What is prepared at a time, by either process, is a chunk of it."""

_WORTH_A_PROCESS = 4
"""So many chunks take as long to prepare as a process takes to start."""


class PreparedAhead:
    """The files `read`, prepared. A context manager: leaving it ends the second process."""

    def __init__(self, read: Iterable[Deployable]) -> None:
        self._chunks = _chunks(iter(read))
        self._ahead: deque[Future[Batch]] = deque()
        self._waiting: SimpleQueue[_Work | None] = SimpleQueue()
        self._helper: Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._take_over():
            pass
        if self._helper is not None:
            self._waiting.put(None)
            self._helper.join()

    def take(self) -> Batch:
        """The next batch; an empty one when there are no more files. Raises what reading its files raises."""
        self._read_on()
        batch: Batch = []
        for _ in range(min(CHUNKS_PER_BATCH, len(self._ahead))):
            while not self._ahead[0].done() and (work := self._take_over()):
                work.do(prepare_chunk)
            batch += self._ahead.popleft().result()
        return batch

    def _read_on(self) -> None:
        """Read the next batch and the one after it."""
        for chunk in islice(self._chunks, 2 * CHUNKS_PER_BATCH - len(self._ahead)):
            work = _Work(chunk)
            self._ahead.append(work.prepared)
            if not work.prepared.done():
                self._waiting.put(work)
        if self._helper is None and self._waiting.qsize() > _WORTH_A_PROCESS and has_another_core():
            self._helper = Thread(target=self._help, name="taskstore-prepare", daemon=True)
            self._helper.start()

    def _take_over(self) -> _Work | None:
        with suppress(Empty):
            return self._waiting.get_nowait()
        return None

    def _help(self) -> None:
        with SecondProcess() as second:
            while work := self._waiting.get():
                work.do(second.prepare)


class _Work:
    """A chunk to prepare, if it is not; or what went wrong in reading it, raised where it would have been used."""

    def __init__(self, chunk: Chunk | Exception) -> None:
        self._chunk: Chunk = ()
        self.prepared: Future[Batch] = Future()
        if isinstance(chunk, Exception):
            self.prepared.set_exception(chunk)
        elif len(done := [file for file in chunk if isinstance(file, PreparedFile)]) == len(chunk):
            self.prepared.set_result([*done])
        else:
            self._chunk = chunk

    def do(self, prepare: Callable[[Chunk], Batch]) -> None:
        try:
            self.prepared.set_result(prepare(self._chunk))
        except Exception as error:
            self.prepared.set_exception(error)


def _chunks(read: Iterator[Deployable]) -> Iterator[Chunk | Exception]:
    chunk: list[Deployable] = []
    size = 0
    failure = None
    try:
        for file in read:
            chunk.append(file)
            size += len(file.source.data if isinstance(file, PreparedFile) else file.data)
            if len(chunk) == FILES_PER_CHUNK or size >= BYTES_PER_CHUNK:
                yield chunk
                chunk, size = [], 0
    except Exception as error:
        failure = error
    if chunk:
        yield chunk
    if failure is not None:
        yield failure


def has_another_core() -> bool:
    """Whether this process may use more than one core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (cores or 1) > 1
