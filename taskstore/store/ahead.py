"""Files prepared in batches, in their order, the next one while the last one is committed.

Most of the work of a large deploy is preparing, and Python computes on one core a process: where there are many files
and another core, a second process takes its share (ADR 0011). The files are read here, in this thread: one that asks
for the interpreter's lock after each system call would wait for it most of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from taskstore.store.helper import Helper
from taskstore.store.preparing import Batch, Deployable, PreparedFile, prepare_documents, prepare_file, with_documents

FILES_PER_BATCH = 2_500
BYTES_PER_BATCH = 16 * 1024 * 1024
"""What is committed together, in one journal entry. Larger batches share more of the costs of a commit, and a deploy
holds two of them in memory (ADR 0009)."""


class PreparedAhead:
    """The files `read`, prepared. A context manager: leaving it ends the second process."""

    def __init__(self, read: Iterable[Deployable]) -> None:
        self._batches = _batches(read)
        self._helper = Helper(prepare_documents, with_documents)
        self._ahead: Callable[[], Batch] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._helper.close()

    def take(self) -> Batch:
        """The next batch; an empty one when there are no more files. Raises what reading its files raises."""
        collect = self._ahead or self._begin()
        self._ahead = self._begin()
        return collect()

    def _begin(self) -> Callable[[], Batch]:
        """Read the next batch, and have it prepared; what is returned gives it, or raises what reading it raised."""
        try:
            files = next(self._batches, [])
        except Exception as error:
            failure = error

            def fail() -> Batch:
                raise failure

            return fail
        if sum(not isinstance(file, PreparedFile) for file in files) < Helper.WORTHWHILE:
            return lambda: list(map(prepare_file, files))
        return self._helper.begin(files)


def _batches(read: Iterable[Deployable]) -> Iterator[list[Deployable]]:
    batch: list[Deployable] = []
    size = 0
    try:
        for file in read:
            batch.append(file)
            size += len(file.source.data if isinstance(file, PreparedFile) else file.data)
            if len(batch) == FILES_PER_BATCH or size >= BYTES_PER_BATCH:
                yield batch
                batch, size = [], 0
    except Exception:
        # What was read before can still be deployed.
        if batch:
            yield batch
        raise
    if batch:
        yield batch
