"""From files to batches of prepared files: what can be done about a deploy before the store is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import msgspec

from taskstore.errors import TaskstoreError
from taskstore.plan.outcome import Outcome
from taskstore.plan.prepare import Prepared, prepare
from taskstore.store.results import DeployResult
from taskstore.store.source import Source
from taskstore_specs import read_manifest

FILES_PER_BATCH = 2_500
BYTES_PER_BATCH = 16 * 1024 * 1024
"""What is committed together, in one journal entry. Larger batches share more of the costs of a commit, and a deploy
holds two of them in memory (ADR 0009)."""


class PreparedFile(msgspec.Struct, frozen=True, gc=False):
    """A file that could be read: its documents, ready to be planned."""

    source: Source
    documents: tuple[Prepared, ...]


Deployable = Source | PreparedFile
"""A file to deploy: to be read and prepared, or prepared already."""

Batch = list[PreparedFile | DeployResult]
"""Files in the order given: those that could be prepared, and what became of those that could not."""


class PreparedAhead:
    """Prepares `read` in batches, the next one by `worker` while the last one is committed."""

    def __init__(self, read: Iterable[Deployable], worker: ThreadPoolExecutor) -> None:
        self._batches = _batches(iter(read))
        self._worker = worker
        self._next: Future[Batch] | None = None

    def start(self) -> None:
        """Let the worker begin with the next batch, if it has not."""
        if self._next is None:
            self._next = self._worker.submit(next, self._batches, [])

    def take(self) -> Batch:
        """The next batch, prepared here and now if the worker has not begun; an empty one when there are no more files.

        Raises what reading the files raises.
        """
        if self._next is None:
            return next(self._batches, [])
        batch, self._next = self._next.result(), None
        return batch


def prepare_file(source: Source) -> PreparedFile | DeployResult:
    """Read and prepare a file; what became of it, if it cannot be."""
    document = 0
    try:
        requests = read_manifest(source.path, source.data, source.format)
        prepared = []
        for document, request in enumerate(requests):  # noqa: B007 - named by the error below
            prepared.append(prepare(request))
    except TaskstoreError as error:
        return DeployResult(path=source.path, document=document, outcome=Outcome.REJECTED, error=error)
    return PreparedFile(source, tuple(prepared))


def _batches(read: Iterator[Deployable]) -> Iterator[Batch]:
    while batch := [
        file if isinstance(file, PreparedFile) else prepare_file(file)
        for file in islice(_up_to(BYTES_PER_BATCH, read), FILES_PER_BATCH)
    ]:
        yield batch


def _up_to(most: int, read: Iterator[Deployable]) -> Iterator[Deployable]:
    size = 0
    for file in read:
        yield file
        size += len(file.source.data if isinstance(file, PreparedFile) else file.data)
        if size >= most:
            return
