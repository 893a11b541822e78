"""One batch: the ready files deployed and receipted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

from taskstore.errors import StorageError, TaskstoreError
from taskstore.plan.policy import SignaturePolicy
from taskstore.store.commit import system_clock
from taskstore.store.store import Store
from taskstore_daemon.claims import FileId
from taskstore_daemon.desk import Desk
from taskstore_daemon.ingest import Arrival, Ingest
from taskstore_daemon.missing import Missing
from taskstore_daemon.prune import Pruning
from taskstore_daemon.reading import Batch, Reader
from taskstore_daemon.take import NotYet, Refused
from taskstore_daemon.verdict import Verdict, refusal


class Worker:
    """Deals with the ready files of all inboxes; see `Service` for `by` and `missing`."""

    def __init__(self, store: Store, desks: Sequence[Desk], by: str | None, missing: Missing | None) -> None:
        self._store = store
        self._desks = desks
        self._reader = Reader(desks, signed=store.config.policies.signatures is SignaturePolicy.REQUIRED)
        self._missing = missing
        self._ingest = Ingest(store, by, lambda file: desks[file.inbox].inbox.key(file.path), missing)
        self._pruning = Pruning(store, missing, by) if missing is not None else None

    @property
    def problem(self) -> str:
        """What wants attention about all inboxes together."""
        return self._pruning.problem if self._pruning is not None else ""

    def work(self, now: float) -> int:
        """Deal with one batch, or else with what is to be pruned; how many files the batch had.

        Raises BusyError, StorageError; then everything is still to be dealt with, and harmless to deal with again.
        """
        for desk in self._desks:
            desk.retry_telling()
        batch = self._reader.take()
        if batch is None:
            for desk in self._desks:
                desk.tell()
            if self._pruning is not None:
                self._pruning.prune()
            return 0
        try:
            self._deal_with(batch, now)
        except TaskstoreError:
            self._reader.put_back()
            raise
        return len(batch.files)

    def rest(self) -> None:
        """A flood is over: give up what is only worth having in one."""
        self._reader.rest()
        for desk in self._desks:
            with suppress(StorageError):  # what is still owed then, the next start tells
                desk.tell()

    def forget(self, number: int, gone: Sequence[str]) -> None:
        """These files of an inbox are gone."""
        self._desks[number].forget(gone)
        self._ingest.forget(FileId(number, path) for path in gone)
        self._retry_shaken()

    def scanned(self, number: int) -> None:
        """A whole scan of an inbox ended."""
        if self._missing is None:
            return
        inbox = self._desks[number].inbox
        if inbox.replaced:
            self._missing.replaced(number)
        self._missing.scanned(number, healthy=not inbox.problem, files=len(inbox.tracker))

    def _deal_with(self, batch: Batch, now: float) -> None:
        verdicts: defaultdict[int, list[Verdict]] = defaultdict(list)
        arrivals: list[Arrival] = []
        for file, found in zip(batch.files, batch.found(), strict=True):
            desk = self._desks[file.inbox]
            if not desk.inbox.tracker.is_ready(file.path, file.stamp):
                continue  # it changed or went since it was read ahead
            if isinstance(found, NotYet):
                desk.postpone(found.path, found.reason, now)
            elif isinstance(found, Refused):
                verdicts[file.inbox].append(_refuse(found))
            else:
                arrivals.append(found)
        deployed = self._ingest.deploy(arrivals, system_clock())
        if not self._reader.has_more:
            # Nothing follows for which the index should be kept open, and whoever lists what was dropped waits for it.
            self._store.release()
        for arrival, verdict in zip(arrivals, deployed, strict=True):
            verdicts[arrival.file.inbox].append(verdict)
        for number, mine in verdicts.items():
            stamps = {file.path: file.stamp for file in batch.files if file.inbox == number}
            self._desks[number].record(mine, stamps, wait=not self._reader.has_more)
        self._retry_shaken()
        if any(verdict.made_project for verdict in deployed):
            for desk in self._desks:
                desk.retry_wanting_project()

    def _retry_shaken(self) -> None:
        for file in self._ingest.take_shaken():
            self._desks[file.inbox].inbox.tracker.revive([file.path])


def _refuse(found: Refused) -> Verdict:
    return refusal(found.path, None, found.stamp.size, system_clock(), found.error)
