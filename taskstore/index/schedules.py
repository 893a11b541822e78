"""What makes a trigger fire, in a few words for a listing."""

from __future__ import annotations

from taskstore_specs.models import AutomationSpec, FixedRate, FixedRateUnit, Schedule

_UNITS = {FixedRateUnit.MINUTE: "minute", FixedRateUnit.HOUR: "hour", FixedRateUnit.DAY: "day"}


def describe(automation: AutomationSpec) -> str:
    """`0 2 * * * Europe/Berlin`, `every 5 minutes from 2026-01-01T00:00:00Z`, `artifact NAME`; else empty."""
    if automation.artifact is not None:
        return f"artifact {automation.artifact.artifact_name}"
    return "" if automation.schedule is None else _describe_schedule(automation.schedule)


def _describe_schedule(schedule: Schedule) -> str:
    if schedule.cron is not None:
        return f"{schedule.cron.expression} {schedule.cron.timezone}".rstrip()
    if schedule.rate is not None:
        return _describe_rate(schedule.rate)
    return schedule.cron_expression


def _describe_rate(rate: FixedRate) -> str:
    unit = _UNITS[rate.unit] if rate.value == 1 else f"{rate.value} {_UNITS[rate.unit]}s"
    start = "" if rate.start_time is None else f" from {rate.start_time.isoformat().replace('+00:00', 'Z')}"
    return f"every {unit}{start}"
