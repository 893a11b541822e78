"""The loop: look, take, deploy, tell, wait. One thread decides everything, at its own pace."""

from __future__ import annotations

import queue
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from taskstore.errors import BusyError, TaskstoreError
from taskstore.store.commit import system_clock
from taskstore.store.store import Store
from taskstore_daemon import health, log, memory, notify
from taskstore_daemon.batches import Ready, backoff, next_batch
from taskstore_daemon.beneath import opened_folder
from taskstore_daemon.claims import FileId
from taskstore_daemon.desk import Desk
from taskstore_daemon.ingest import Arrival, Ingest
from taskstore_daemon.limits import BATCH_BYTES, BATCH_FILES, GATHER_SECONDS, HEARTBEAT_SECONDS, ONCE_SECONDS
from taskstore_daemon.metrics import Metrics
from taskstore_daemon.missing import Missing
from taskstore_daemon.prune import Pruning
from taskstore_daemon.take import NotYet, Refused, Taken, take
from taskstore_daemon.verdict import Verdict, refusal

Wakes = queue.SimpleQueue[None]
"""What ends a wait. Putting is safe from any thread and from a signal handler (SimpleQueue.put is reentrant)."""


class Service:
    """Watches inboxes for one store.

    `by` is who deploys, None for the user and host; with `missing`, what it is certain of is pruned;
    `metrics` is shown the figures.
    """

    def __init__(
        self,
        store: Store,
        desks: Sequence[Desk],
        wakes: Wakes,
        *,
        by: str | None = None,
        missing: Missing | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._desks = desks
        self._wakes = wakes
        self._metrics = metrics
        self._ingest = Ingest(store, by, lambda file: desks[file.inbox].inbox.key(file.path), missing)
        self._pruning = Pruning(store, missing, by) if missing is not None else None
        self._stopping = False
        self._head = -1
        self._dealt_with = 0
        self._failures = 0
        self._not_before = 0.0
        self._last_error = ""
        self._last_error_at: datetime | None = None
        self._published = float("-inf")
        self._changed = True

    @property
    def store(self) -> Store:
        """What it deploys to."""
        return self._store

    def stop(self) -> None:
        """Finish the batch at hand, then end."""
        self._stopping = True
        self._wakes.put(None)

    def rescan(self) -> None:
        """Scan everything soon."""
        for desk in self._desks:
            desk.inbox.request_scan("asked for")

    def run(self) -> None:
        """Deploy what is dropped until `stop`. Faults of the store and of the disk are told and waited out."""
        while not self._stopping:
            now = time.monotonic()
            self._look(now)
            worked = self._try_to_work(now)
            self._publish(now)
            if not worked and not self._stopping:
                self._wait(now)
        self._publish(float("inf"))

    def run_once(self) -> bool:
        """Deploy what is there and is whole; whether all of it was accepted.

        Raises BusyError when files are still being written after a bounded wait, and whatever the store raises.
        """
        deadline = time.monotonic() + ONCE_SECONDS
        while True:
            now = time.monotonic()
            self._look(now)
            while self._work(now):
                pass
            waiting = [path for desk in self._desks for path in desk.inbox.tracker.waiting()]
            if not waiting or self._stopping:
                self._publish(float("inf"))
                return not any(desk.refused or desk.inbox.problem for desk in self._desks)
            if now >= deadline:
                raise BusyError(f"{len(waiting)} files are still being written, {waiting[0]!r} among them")
            self._wait(now)

    def _look(self, now: float) -> None:
        for number, desk in enumerate(self._desks):
            scans = desk.inbox.scans
            gone = desk.inbox.look(now)
            desk.forget(gone)
            self._ingest.forget(FileId(number, path) for path in gone)
            if desk.inbox.scans != scans:
                self._after_scan(number, desk)
        self._retry_shaken()

    def _after_scan(self, number: int, desk: Desk) -> None:
        self._changed = True
        if desk.wanting_project:
            self._retry_if_store_changed(desk)
        if self._pruning is None:
            return
        if desk.inbox.replaced:
            self._pruning.missing.replaced(number)
        self._pruning.missing.scanned(number, healthy=not desk.inbox.problem, files=len(desk.inbox.tracker))

    def _retry_shaken(self) -> None:
        for file in self._ingest.take_shaken():
            self._desks[file.inbox].inbox.tracker.revive([file.path])

    def _retry_if_store_changed(self, desk: Desk) -> None:
        try:
            head = self._store.journal.head().sequence
        except TaskstoreError:
            return  # the next deploy meets the same fault, and tells it
        if head != self._head:
            self._head = head
            desk.retry_wanting_project()

    def _try_to_work(self, now: float) -> bool:
        if now < self._not_before:
            return False
        try:
            worked = self._work(now)
        except TaskstoreError as error:
            self._failures += 1
            self._not_before = now + backoff(self._failures, random.random())  # noqa: S311 - not for secrets
            self._last_error, self._last_error_at = error.message, system_clock()
            self._changed = True
            log.warning("waiting", error=error.message, seconds=round(self._not_before - now, 1))
            return False
        if worked:
            self._failures = 0
        elif self._dealt_with >= BATCH_FILES:
            self._rest_after_flood()
        return worked

    def _rest_after_flood(self) -> None:
        self._dealt_with = 0
        self._store.close()
        memory.give_back()

    def _work(self, now: float) -> bool:
        """Deal with one batch; False when there was nothing to do."""
        for desk in self._desks:
            desk.tell()
        ready = [
            Ready(number, path, stamp)
            for number, desk in enumerate(self._desks)
            for path, stamp in desk.inbox.tracker.ready()
        ]
        batch = next_batch(ready, files=BATCH_FILES, size=BATCH_BYTES)
        if not batch:
            if self._pruning is not None:
                self._pruning.prune()
            return False
        self._changed = True
        self._dealt_with += len(batch)
        self._deal_with(batch, now)
        return True

    def _deal_with(self, batch: Sequence[Ready], now: float) -> None:
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
        for arrival, verdict in zip(arrivals, deployed, strict=True):
            verdicts[arrival.file.inbox].append(verdict)
        for number, mine in verdicts.items():
            stamps = {file.path: file.stamp for file in batch if file.inbox == number}
            self._desks[number].record(mine, stamps)
        self._retry_shaken()
        if any(verdict.made_project for verdict in deployed):
            for desk in self._desks:
                desk.retry_wanting_project()

    def _publish(self, now: float) -> None:
        if now - self._published < (1.0 if self._changed else HEARTBEAT_SECONDS):
            return
        self._published, self._changed = now, False
        notify.tell("STOPPING=1" if self._stopping else "READY=1", "WATCHDOG=1")
        healths = [self._health(desk) for desk in self._desks]
        try:
            for told in healths:
                health.publish(self._store.root, told)
            if self._metrics is not None:
                self._metrics.show(healths)
        except OSError as error:
            log.warning("cannot tell the state", problem=error.strerror, path=error.filename)

    def _health(self, desk: Desk) -> health.Health:
        told = desk.health(system_clock(), self._last_error, self._last_error_at)
        if self._pruning is None or not self._pruning.problem:
            return told
        problem = "; ".join(filter(None, (told.problem, self._pruning.problem)))
        return msgspec.structs.replace(told, problem=problem)

    def _wait(self, now: float) -> None:
        until = [desk.inbox.due() for desk in self._desks]
        until.append(self._published + (1.0 if self._changed else HEARTBEAT_SECONDS))
        if self._not_before > now:
            until.append(self._not_before)
        try:
            self._wakes.get(timeout=max(0.0, min(until) - now))
            if not self._stopping:
                time.sleep(GATHER_SECONDS)
            while True:
                self._wakes.get_nowait()
        except queue.Empty:
            return


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
        key_before=desk.inbox.key(before) if before is not None else None,
    )


def _refuse(found: Refused) -> Verdict:
    return refusal(found.path, None, found.stamp.size, system_clock(), found.error)
