"""Which schedules are valid, and when they fire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from taskstore.errors import InvalidInputError
from taskstore.plan.fires import Scheduled, fire_times, upcoming
from taskstore.plan.schedule import DESCRIPTORS, check_schedule, cron_fields, timezone
from taskstore_specs.identity import TaskName
from taskstore_specs.models import Cron, FixedRate, FixedRateUnit, Schedule


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fires(schedule: Schedule, start: str, until: str) -> list[str]:
    found = fire_times(schedule, at(start), at(start), at(until))
    return [time.strftime("%m-%dT%H:%M") for time in found]


def cron(expression: str, zone: str = "") -> Schedule:
    return Schedule(cron=Cron(expression=expression, timezone=zone))


@pytest.mark.parametrize("expression", ["0 2 * * *", "*/5 0-6 1,15 jan-mar MON", "0 0 ? * 1", *DESCRIPTORS])
def test_five_fields_and_descriptors_are_taken(expression: str) -> None:
    assert len(cron_fields(expression).split()) == 5


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("0 2 * * ? *", "six fields"),
        ("0 2 * *", "4 fields"),
        ("", "0 fields"),
        ("@every 1h", "descriptor"),
        ("61 * * * *", "minute"),
        ("0 0 L * *", "not understood"),
        ("0 0 * * 5#2", "not understood"),
        ("0 0 30 2 *", "not valid"),
        ("* " * 200, "characters"),
    ],
)
def test_what_flyte_would_not_take_is_refused_with_a_reason(expression: str, said: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        cron_fields(expression)
    assert said in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe/Berlin\0", "x" * 5000])
def test_an_unknown_timezone_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError):
        timezone(name)


def test_a_deprecated_cron_expression_is_checked_too() -> None:
    with pytest.raises(InvalidInputError):
        check_schedule(Schedule(cron_expression="nonsense"))


def test_a_start_that_is_a_fire_counts_and_an_end_does_not() -> None:
    assert fires(cron("0 * * * *"), "2026-01-01T00:00", "2026-01-01T02:00") == ["01-01T00:00", "01-01T01:00"]


def test_a_daily_time_that_spring_skips_runs_right_after_the_change() -> None:
    # Berlin goes from 02:00 to 03:00 (01:00 UTC) on 2026-03-29.
    found = fires(cron("30 2 * * *", "Europe/Berlin"), "2026-03-28T00:00", "2026-03-31T00:00")
    assert found == ["03-28T01:30", "03-29T01:00", "03-30T00:30"]


def test_a_daily_time_that_autumn_repeats_runs_once() -> None:
    # Berlin goes from 03:00 back to 02:00 (01:00 UTC) on 2026-10-25.
    found = fires(cron("30 2 * * *", "Europe/Berlin"), "2026-10-24T12:00", "2026-10-26T12:00")
    assert found == ["10-25T00:30", "10-26T01:30"]


def test_a_rate_counts_elapsed_time_from_its_start() -> None:
    rate = Schedule(rate=FixedRate(value=90, unit=FixedRateUnit.MINUTE, start_time=at("2026-01-01T00:10")))
    assert fires(rate, "2026-01-01T03:00", "2026-01-01T06:10") == ["01-01T03:10", "01-01T04:40"]
    assert fires(rate, "2025-12-31T23:00", "2026-01-01T00:11") == ["01-01T00:10"]


def test_a_rate_without_a_start_fires_a_step_after_its_deploy() -> None:
    rate = Schedule(rate=FixedRate(value=1, unit=FixedRateUnit.DAY))
    assert fires(rate, "2026-01-01T00:00", "2026-01-03T00:00") == ["01-02T00:00"]


def test_the_fires_of_many_triggers_come_in_order_of_time_and_can_be_cut_short() -> None:
    task = TaskName("p", "d", "n")
    start = at("2026-01-01T00:00")
    triggers = [Scheduled(task, f"t{n}", "v1", cron(f"{n} * * * *"), start) for n in (5, 1, 3)]
    first = list(islice(upcoming(triggers, start, start + timedelta(days=365_0)), 4))
    assert [fire.trigger for fire in first] == ["t1", "t3", "t5", "t1"]
