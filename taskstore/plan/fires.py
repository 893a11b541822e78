"""When triggers fire next: a pure function of their schedules and a span of time.

Cron follows the cron library, which mimics Debian's cron across changes of daylight saving time: a job at a fixed time
that the change skips runs right after it, one in the hour that comes twice runs once, and `*` fields follow the clock
on the wall. A fixed rate counts elapsed time from its start (the deploy, when it names none) and knows no such thing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec
from cronsim import CronSim

from taskstore.plan.schedule import cron_fields, timezone
from taskstore_specs.identity import TaskName
from taskstore_specs.models import FixedRate, FixedRateUnit, Schedule

_UNITS = {
    FixedRateUnit.MINUTE: timedelta(minutes=1),
    FixedRateUnit.HOUR: timedelta(hours=1),
    FixedRateUnit.DAY: timedelta(days=1),
}


class Scheduled(msgspec.Struct, frozen=True):
    """A trigger that may fire: what `upcoming` needs of it. `deployed_at` is where a rate without a start begins."""

    task: TaskName
    trigger: str
    task_version: str
    schedule: Schedule
    deployed_at: datetime


class Fire(msgspec.Struct, frozen=True):
    """At `at` (aware, UTC) the trigger starts `task_version` of `task`."""

    at: datetime
    task: TaskName
    trigger: str
    task_version: str


def upcoming(triggers: Iterable[Scheduled], start: datetime, until: datetime) -> Iterator[Fire]:
    """Every fire of `triggers` in [start, until), in order of time; lazily, so that a caller may stop early.

    Triggers that share a schedule, as most do in a large registry, are computed once.
    """
    groups: dict[tuple[Schedule, datetime | None], list[Scheduled]] = {}
    for trigger in triggers:
        anchor = trigger.deployed_at if trigger.schedule.rate and not trigger.schedule.rate.start_time else None
        groups.setdefault((trigger.schedule, anchor), []).append(trigger)
    heap: list[tuple[datetime, int, Iterator[datetime], list[Scheduled]]] = []
    for number, ((schedule, anchor), members) in enumerate(groups.items()):
        _push(heap, number, fire_times(schedule, anchor or start, start, until), members)
    while heap:
        at = heap[0][0]
        firing: list[Scheduled] = []
        while heap and heap[0][0] == at:
            _, number, times, members = heapq.heappop(heap)
            firing += members
            _push(heap, number, times, members)
        for trigger in sorted(firing, key=lambda trigger: (trigger.task, trigger.trigger)):
            yield Fire(at, trigger.task, trigger.trigger, trigger.task_version)


def _push(
    heap: list[tuple[datetime, int, Iterator[datetime], list[Scheduled]]],
    number: int,
    times: Iterator[datetime],
    members: list[Scheduled],
) -> None:
    at = next(times, None)
    if at is not None:
        heapq.heappush(heap, (at, number, times, members))


def fire_times(schedule: Schedule, deployed_at: datetime, start: datetime, until: datetime) -> Iterator[datetime]:
    """When `schedule` fires in [start, until), as aware UTC datetimes in order."""
    if schedule.rate is not None:
        return _rate_times(schedule.rate, deployed_at, start, until)
    if schedule.cron is not None:
        return _cron_times(schedule.cron.expression, schedule.cron.timezone, start, until)
    return _cron_times(schedule.cron_expression, "", start, until)


def _cron_times(expression: str, zone: str, start: datetime, until: datetime) -> Iterator[datetime]:
    # The cron library answers with times after the one given, to the second; a fire exactly at `start` counts too.
    just_before = (start - timedelta(microseconds=1)).astimezone(timezone(zone) if zone else UTC)
    for at in CronSim(cron_fields(expression), just_before):
        utc = at.astimezone(UTC)
        if utc >= until:
            return
        yield utc


def _rate_times(rate: FixedRate, deployed_at: datetime, start: datetime, until: datetime) -> Iterator[datetime]:
    step = rate.value * _UNITS[rate.unit]
    # A rate with a start fires first at that start; one without fires first a whole step after its deploy.
    first = rate.start_time or deployed_at + step
    at = first if first >= start else first + -((first - start) // step) * step
    while at < until:
        yield at
        at += step
