"""One batch: the ready files read, deployed, receipted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from taskstore.store.commit import system_clock
from taskstore.store.store import Store
from taskstore_daemon.batches import Ready, next_batch
from taskstore_daemon.beneath import opened_folder
from taskstore_daemon.claims import FileId
from taskstore_daemon.desk import Desk
from taskstore_daemon.ingest import Arrival, Ingest
from taskstore_daemon.limits import BATCH_BYTES, BATCH_FILES
from taskstore_daemon.missing import Missing
from taskstore_daemon.prune import Pruning
from taskstore_daemon.take import NotYet, Refused, Taken, take
from taskstore_daemon.verdict import Verdict, refusal


class Worker:
    """Deals with the ready files of all inboxes; see `Service` for `by` and `missing`."""

    def __init__(self, store: Store, desks: Sequence[Desk], by: str | None, missing: Missing | None) -> None:
        self._store = store
        self._desks = desks
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
            desk.tell()
        trackers = [desk.inbox.tracker for desk in self._desks]
        batch = next_batch([tracker.ready_by_folder() for tracker in trackers], files=BATCH_FILES, size=BATCH_BYTES)
        if batch:
            self._deal_with(batch, now, last=len(batch) == sum(tracker.queued for tracker in trackers))
        elif self._pruning is not None:
            self._pruning.prune()
        return len(batch)

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

    def _deal_with(self, batch: Sequence[Ready], now: float, *, last: bool) -> None:
        verdicts: defaultdict[int, list[Verdict]] = defaultdict(list)
        arrivals: list[Arrival] = []
        for number, desk in enumerate(self._desks):
            for found in _read(number, desk, [file for file in batch if file.inbox == number]):
                if isinstance(found, NotYet):
                    desk.postpone(found.path, found.reason, now)
                elif isinstance(found, Refused):
                    verdicts[number].append(_refuse(found))
                else:
                    arrivals.append(found)
        deployed = self._ingest.deploy(arrivals, system_clock())
        if last:
            # Nothing follows for which the index should be kept open, and whoever lists what was dropped waits for it.
            self._store.close()
        for arrival, verdict in zip(arrivals, deployed, strict=True):
            verdicts[arrival.file.inbox].append(verdict)
        for number, mine in verdicts.items():
            stamps = {file.path: file.stamp for file in batch if file.inbox == number}
            self._desks[number].record(mine, stamps)
        self._retry_shaken()
        if any(verdict.made_project for verdict in deployed):
            for desk in self._desks:
                desk.retry_wanting_project()

    def _retry_shaken(self) -> None:
        for file in self._ingest.take_shaken():
            self._desks[file.inbox].inbox.tracker.revive([file.path])


def _read(number: int, desk: Desk, files: Sequence[Ready]) -> list[Arrival | Refused | NotYet]:
    if not files:
        return []
    try:
        with opened_folder(str(desk.inbox.root)) as root:
            return [_arrival(number, desk, root, take(root, file.path, file.stamp)) for file in files]
    except OSError as error:
        return [NotYet(file.path, f"the folder cannot be read: {error.strerror}") for file in files]


def _arrival(number: int, desk: Desk, root: int, found: Taken | Refused | NotYet) -> Arrival | Refused | NotYet:
    if not isinstance(found, Taken):
        return found
    before = desk.inbox.renamed_from(root, found.stamp)
    return Arrival(
        file=FileId(number, found.path),
        key=desk.inbox.key(found.path),
        taken=found,
        root=desk.inbox.root,
        key_before=desk.inbox.key(before) if before is not None else None,
    )


def _refuse(found: Refused) -> Verdict:
    return refusal(found.path, None, found.stamp.size, system_clock(), found.error)
