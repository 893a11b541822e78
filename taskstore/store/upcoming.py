"""When the registry's triggers fire next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from taskstore.errors import InvalidQueryError
from taskstore.index.queries import ScheduledRow
from taskstore.plan.fires import Fire, Scheduled, upcoming

MOST_FIRES = 100_000


def list_upcoming(rows: Sequence[ScheduledRow], start: datetime, until: datetime, limit: int) -> tuple[Fire, ...]:
    """The first `limit` fires in [start, until), in order of time. Raises InvalidQueryError."""
    if until < start:
        raise InvalidQueryError("the span of time ends before it begins", hint="give --until a later time than --from")
    if not 0 < limit <= MOST_FIRES:
        raise InvalidQueryError(f"a limit of {limit} fires", hint=f"ask for 1 to {MOST_FIRES}")
    triggers = [Scheduled(row.task, row.trigger, row.task_version, row.schedule, row.deployed_at) for row in rows]
    return tuple(islice(upcoming(triggers, start, until), limit))
