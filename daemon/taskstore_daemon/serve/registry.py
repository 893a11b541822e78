"""The store, for many callers at once: one thread uses it, and deploys that wait for it share a journal entry."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, takewhile
from typing import TypeVar

import msgspec

from taskstore.store.results import DeployResult
from taskstore.store.source import Source
from taskstore.store.store import Store
from taskstore_daemon.serve.budget import Budget
from taskstore_daemon.serve.limits import REQUESTS_PER_COMMIT, WAITING_BYTES

Answer = TypeVar("Answer")


class _Waiting(msgspec.Struct, frozen=True):
    source: Source
    by: str
    result: asyncio.Future[DeployResult]


class Registry:
    """A store as coroutines. Belongs to one event loop; `close` it after the last call.

    Group commit: a commit waits for the disk, and whatever is to be deployed meanwhile goes into the next commit
    together. So a single deploy is not held up, and many cost few waits.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="taskstore-serve")
        self._budget = Budget(WAITING_BYTES)
        self._waiting: deque[_Waiting] = deque()
        self._committing: asyncio.Task[None] | None = None

    async def run(self, work: Callable[[Store], Answer]) -> Answer:
        """What `work` answers; raises what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, self._store)

    async def deploy(self, source: Source, by: str) -> DeployResult:
        """Deploy a manifest of one document. Raises why it was refused, BusyError, StorageError.

        Once returned it is durable. A caller that stops waiting does not take the request back.
        """
        result: asyncio.Future[DeployResult] = asyncio.get_running_loop().create_future()
        self._budget.take(len(source.data))
        self._waiting.append(_Waiting(source, by, result))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_all())
        deployed = await result
        if deployed.error is not None:
            raise deployed.error
        return deployed

    def close(self) -> None:
        """Let the thread end when it has done what it was given."""
        self._thread.shutdown()

    async def _commit_all(self) -> None:
        while self._waiting:
            await self._commit(self._next_batch())
        self._committing = None

    def _next_batch(self) -> list[_Waiting]:
        # An entry says who made it, so it holds the requests of one caller.
        by = self._waiting[0].by
        batch = list(islice(takewhile(lambda waiting: waiting.by == by, self._waiting), REQUESTS_PER_COMMIT))
        for waiting in batch:
            self._budget.give_back(len(waiting.source.data))
            self._waiting.popleft()
        return batch

    async def _commit(self, batch: list[_Waiting]) -> None:
        sources = [waiting.source for waiting in batch]
        try:
            report = await self.run(lambda store: store.deploy(sources, by=batch[0].by))
            for waiting, deployed in zip(batch, report.results, strict=True):
                _settle(waiting.result, deployed)
        except Exception as error:
            for waiting in batch:
                _settle(waiting.result, error)


def _settle(result: asyncio.Future[DeployResult], outcome: DeployResult | Exception) -> None:
    if result.done():
        return
    if isinstance(outcome, Exception):
        result.set_exception(outcome)
    else:
        result.set_result(outcome)
