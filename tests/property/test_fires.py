"""Fire times against the clocks on the wall: `zoneinfo`, a plain reading of the cron fields, and the cron library."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from taskstore.plan.fires import Scheduled, fire_times, upcoming
from taskstore_specs.identity import TaskName
from taskstore_specs.models import Cron, FixedRate, FixedRateUnit, Schedule

# Both hemispheres, half an hour of summer time (Lord Howe), none at all, and a change at midnight (Beirut).
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Beirut",
    "Asia/Tokyo",
    "UTC",
]
zones = st.sampled_from(ZONES)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)
minutes = st.integers(0, 59)
hours = st.integers(0, 23)
anchors = st.just(datetime(2020, 1, 1, tzinfo=UTC))


@cache
def changes_of(zone: str, year: int) -> list[datetime]:
    """The instants, to the hour, at which the clocks of `zone` were changed in `year`."""
    start = datetime(year, 1, 1, tzinfo=UTC)
    instants = [start + timedelta(hours=hour) for hour in range(366 * 24)]
    offsets = [instant.astimezone(ZoneInfo(zone)).utcoffset() for instant in instants]
    return [instants[n] for n in range(1, len(instants)) if offsets[n] != offsets[n - 1]]


@st.composite
def around_a_change(draw: st.DrawFn) -> tuple[str, datetime]:
    """A timezone, and a time in the two days around a change of its clocks where it has any."""
    zone = draw(zones)
    found = changes_of(zone, draw(st.integers(2021, 2026))) or [draw(moments)]
    return zone, draw(st.sampled_from(found)) + timedelta(minutes=draw(st.integers(-2880, 0)))


def cron(expression: str, zone: str) -> Schedule:
    return Schedule(cron=Cron(expression=expression, timezone=zone))


@given(around_a_change(), minutes, hours)
def test_a_daily_time_fires_once_a_day_at_that_time_on_the_wall(
    place: tuple[str, datetime], minute: int, hour: int
) -> None:
    zone, start = place
    fires = list(fire_times(cron(f"{minute} {hour} * * *", zone), start, start, start + timedelta(days=5)))
    on_the_wall = [fire.astimezone(ZoneInfo(zone)) for fire in fires]
    days = [time.date() for time in on_the_wall]
    assert len(set(days)) == len(days), "an hour that comes twice fires once"
    assert 4 <= len(days) <= 6
    for time in on_the_wall:
        wanted = datetime(time.year, time.month, time.day, hour, minute, tzinfo=ZoneInfo(zone))
        skipped = wanted.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wanted.replace(tzinfo=None)
        assert (time.hour, time.minute) == (hour, minute) or skipped


@given(around_a_change(), st.sampled_from([1, 5, 10, 15, 30]))
def test_every_so_many_minutes_never_pauses_and_never_doubles(place: tuple[str, datetime], step: int) -> None:
    zone, start = place
    fires = list(fire_times(cron(f"*/{step} * * * *", zone), start, start, start + timedelta(days=2)))
    gaps = {after - before for before, after in pairwise(fires)}
    assert gaps == {timedelta(minutes=step)}


@given(
    around_a_change(),
    minutes,
    st.sampled_from(["*", "*/3", "1-5", "2"]),
    st.sampled_from(["* * *", "* * MON-FRI", "* * 0", "1,15 * *"]),
)
def test_it_is_the_cron_librarys_own_reading(place: tuple[str, datetime], minute: int, hour: str, days: str) -> None:
    zone, start = place
    expression = f"{minute} {hour} {days}"
    end = start + timedelta(days=40)
    before = (start - timedelta(seconds=1)).astimezone(ZoneInfo(zone))
    theirs = [time.astimezone(UTC) for time in islice(CronSim(expression, before), 2000)]
    ours = list(islice(fire_times(cron(expression, zone), start, start, end), 2000))
    assert ours == [time for time in theirs if start <= time < end][: len(ours)]
    assert ours == sorted(set(ours))


@given(
    moments,
    moments,
    st.integers(1, 100),
    st.sampled_from([unit for unit in FixedRateUnit if unit.name in ("MINUTE", "HOUR", "DAY")]),
)
def test_a_rate_is_elapsed_time_whatever_the_clocks_do(
    begins: datetime, start: datetime, value: int, unit: FixedRateUnit
) -> None:
    step = timedelta(**{f"{unit.name.lower()}s": value})
    schedule = Schedule(rate=FixedRate(value=value, unit=unit, start_time=begins))
    fires = list(islice(fire_times(schedule, start, start, start + 1000 * step), 50))
    assert all(fire >= max(begins, start) for fire in fires)
    assert all((fire - begins) % step == timedelta() for fire in fires)
    assert {after - before for before, after in pairwise(fires)} <= {step}
    if begins <= start:
        assert fires[0] - start < step, "none is left out"


@given(st.lists(st.tuples(minutes, zones), max_size=8), moments)
def test_the_fires_of_many_are_those_of_each_in_order(given_triggers: list[tuple[int, str]], start: datetime) -> None:
    until = start + timedelta(hours=7)
    triggers = [
        Scheduled(TaskName("p", "d", f"n{number % 3}"), f"t{number}", "v", cron(f"{minute} */2 * * *", zone), start)
        for number, (minute, zone) in enumerate(given_triggers)
    ]
    merged = [(fire.at, fire.task, fire.trigger) for fire in upcoming(triggers, start, until)]
    alone = [
        (at, trigger.task, trigger.trigger)
        for trigger in triggers
        for at in takewhile(lambda at: at < until, fire_times(trigger.schedule, start, start, until))
    ]
    assert merged == sorted(alone)
