"""Telling how it goes: the file behind `taskstored status`, metrics, the service manager."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from taskstore.store import health
from taskstore.store.commit import system_clock
from taskstore_daemon import log, notify
from taskstore_daemon.desk import Desk
from taskstore_daemon.limits import HEARTBEAT_SECONDS
from taskstore_daemon.metrics import Metrics

_BUSY_SECONDS = 1.0


class Publisher:
    """Tells the state of all inboxes at a bounded pace: soon after a change, and now and then without one."""

    def __init__(self, store: Path, desks: Sequence[Desk], metrics: Metrics | None) -> None:
        self._store = store
        self._desks = desks
        self._metrics = metrics
        self._published = float("-inf")
        self._changed = True
        self._last_error = ""
        self._last_error_at: datetime | None = None

    def note_change(self) -> None:
        """There is something new to tell."""
        self._changed = True

    def note_error(self, message: str) -> None:
        """Something failed, and will be tried again."""
        self._last_error, self._last_error_at, self._changed = message, system_clock(), True

    def due(self) -> float:
        """When (monotonic seconds) it is time to tell."""
        return self._published + (_BUSY_SECONDS if self._changed else HEARTBEAT_SECONDS)

    def publish(self, now: float, problem: str, *, stopping: bool = False) -> None:
        """Tell, if it is time; in any case when `stopping`. `problem` is what concerns all inboxes."""
        if now < self.due() and not stopping:
            return
        self._published, self._changed = now, False
        notify.tell("STOPPING=1" if stopping else "READY=1", "WATCHDOG=1")
        healths = [self._health(desk, problem) for desk in self._desks]
        try:
            for told in healths:
                health.publish(self._store, told)
            if self._metrics is not None:
                self._metrics.show(healths)
        except OSError as error:
            log.warning("cannot tell the state", problem=error.strerror, path=error.filename)

    def _health(self, desk: Desk, problem: str) -> health.Health:
        told = desk.health(system_clock(), self._last_error, self._last_error_at)
        return msgspec.structs.replace(told, problem="; ".join(filter(None, (told.problem, problem))))
