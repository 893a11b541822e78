"""The loop: look, work, tell, wait. One thread decides everything, at its own pace."""

from __future__ import annotations

import queue
import random
import time
from collections.abc import Sequence

from taskstore.errors import BusyError, TaskstoreError
from taskstore.store.store import Store
from taskstore_daemon import log, memory
from taskstore_daemon.batches import backoff
from taskstore_daemon.bundles.worker import BundleWorker
from taskstore_daemon.desk import Desk
from taskstore_daemon.limits import BATCH_FILES, GATHER_SECONDS, ONCE_SECONDS
from taskstore_daemon.metrics import Metrics
from taskstore_daemon.missing import Missing
from taskstore_daemon.publish import Publisher
from taskstore_daemon.work import Worker

Wakes = queue.SimpleQueue[None]
"""What ends a wait. Putting is safe from any thread and from a signal handler (SimpleQueue.put is reentrant)."""


class Service:
    """Watches inboxes for one store; `bundles` takes in what is a bundle.

    `by` is who deploys, None for the user and host; with `missing`, what it is certain of is pruned;
    `metrics` is shown the figures.
    """

    def __init__(
        self,
        store: Store,
        desks: Sequence[Desk],
        wakes: Wakes,
        bundles: BundleWorker,
        *,
        by: str | None = None,
        missing: Missing | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._desks = desks
        self._wakes = wakes
        self._worker = Worker(store, desks, by, missing)
        self._bundles = bundles
        self._publisher = Publisher(store.root, desks, metrics)
        self._stopping = False
        self._rescan_asked = False
        self._head = -1
        self._dealt_with = 0
        self._failures = 0
        self._not_before = 0.0

    @property
    def store(self) -> Store:
        """What it deploys to."""
        return self._store

    # A signal handler may call these in the middle of anything, so they take no lock.

    def stop(self) -> None:
        """Finish the batch at hand, then end. A bundle is left where it is."""
        self._stopping = True
        self._bundles.stop()
        self._wakes.put(None)

    def rescan(self) -> None:
        """Scan everything soon."""
        self._rescan_asked = True
        self._wakes.put(None)

    def run(self) -> None:
        """Deploy what is dropped until `stop`. Faults of the store and of the disk are told and waited out."""
        while not self._stopping:
            now = time.monotonic()
            self._look(now)
            worked = self._try_to_work(now)
            worked = self._try_bundles(now) or worked
            self._publisher.publish(time.monotonic(), self._problem)
            if not worked and not self._stopping:
                self._wait(now)
        self._worker.rest()
        self._try_bundles(time.monotonic())
        self._publisher.publish(time.monotonic(), self._problem, stopping=True)

    def run_once(self) -> bool:
        """Deploy what is there and is whole; whether all of it was accepted.

        Raises BusyError when files are still being written after a bounded wait, and whatever the store raises.
        """
        deadline = time.monotonic() + ONCE_SECONDS
        while True:
            now = time.monotonic()
            self._look(now)
            while self._worker.work(now):
                pass
            while self._bundles.advance(now):
                pass
            waiting = [path for desk in self._desks for path in desk.inbox.waiting()]
            if not (waiting or self._bundles.busy) or self._stopping:
                self._publisher.publish(now, self._problem, stopping=True)
                for desk in self._desks:
                    desk.tell_sum()
                return not any(desk.refused or desk.incomplete or desk.inbox.problem for desk in self._desks)
            if now >= deadline and not self._bundles.busy:
                raise BusyError(f"{len(waiting)} files are still being written, {waiting[0]!r} among them")
            self._wait(now)

    def _look(self, now: float) -> None:
        why = "asked for" if self._rescan_asked else ""
        self._rescan_asked = False
        for number, desk in enumerate(self._desks):
            inbox = desk.inbox
            scans, problem = inbox.scans, inbox.problem
            if why:
                inbox.request_scan(why)
            gone = inbox.look(now)
            self._worker.forget(number, gone)
            self._bundles.forget(number, gone)
            if inbox.scans != scans:
                self._worker.scanned(number)
                self._bundles.scanned(number, now)
                self._retry_if_store_changed(desk)
                desk.retry_wanting_signature()
            if (inbox.scans, inbox.problem) != (scans, problem):
                self._publisher.note_change()

    def _retry_if_store_changed(self, desk: Desk) -> None:
        """Somebody may have made the projects that refused files want."""
        if not desk.wanting_project:
            return
        try:
            head = self._store.journal.head().sequence
        except TaskstoreError:
            return  # the next deploy meets the same fault, and tells it
        if head != self._head:
            self._head = head
            desk.retry_wanting_project()

    def _try_to_work(self, now: float) -> bool:
        """Deal with a batch; False when there was none, or when a fault is being waited out."""
        if now < self._not_before:
            return False
        try:
            files = self._worker.work(now)
        except TaskstoreError as error:
            self._failures += 1
            now = time.monotonic()  # what failed may have waited for long
            self._not_before = now + backoff(self._failures, random.random())  # noqa: S311 - not for secrets
            self._publisher.note_error(error.message)
            log.warning("waiting", error=error.message, seconds=round(self._not_before - now, 1))
            return False
        self._dealt_with += files
        if files:
            self._failures = 0
            self._publisher.note_change()
        elif self._dealt_with >= BATCH_FILES:
            self._rest_after_flood()
        return files > 0

    def _try_bundles(self, now: float) -> bool:
        """See to the bundles; False when there was nothing to do, or when a fault is being waited out."""
        try:
            advanced = self._bundles.advance(now)
        except TaskstoreError as error:
            self._publisher.note_error(error.message)
            log.warning("bundles are waiting", error=error.message, seconds=round(self._bundles.due - now, 1))
            return False
        if advanced:
            self._publisher.note_change()
            self._not_before = 0.0  # what the manifests wait out may have been this bundle
        return advanced

    @property
    def _problem(self) -> str:
        """What wants attention about all inboxes together."""
        return "; ".join(filter(None, (self._worker.problem, self._bundles.problem)))

    def _rest_after_flood(self) -> None:
        self._dealt_with = 0
        self._worker.rest()
        self._store.close()
        memory.give_back()

    def _wait(self, began: float) -> None:
        """Until something happens or is due, in a turn of the loop that began at that time."""
        until = [self._publisher.due(), self._bundles.due, *(desk.inbox.due() for desk in self._desks)]
        if self._not_before > began:
            until.append(self._not_before)
        try:
            self._wakes.get(timeout=max(0.0, min(until) - time.monotonic()))
            if not self._stopping:
                time.sleep(GATHER_SECONDS)
            while True:
                self._wakes.get_nowait()
        except queue.Empty:
            return
