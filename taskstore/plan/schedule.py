"""When a trigger fires: which schedules are valid.

Cron is what Flyte's code takes (`runs/scheduler`, robfig's standard parser): five fields or a descriptor such as
`@daily`, read in an IANA timezone. The cron library also knows `L`, `#` and a seconds field; Flyte knows none of
them, so they are refused here, lest a manifest mean something only on this side.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from taskstore.errors import InvalidInputError
from taskstore_specs.models import Schedule

DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_SHARED_SYNTAX = re.compile(r"[0-9A-Za-z*/,\-]+")
_NAMES = re.compile(r"(?i)\b(?:sun|mon|tue|wed|thu|fri|sat|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\b")
_LONGEST_EXPRESSION = 255
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=4096)
def cron_fields(expression: str) -> str:
    """The five fields that `expression` stands for. Raises InvalidInputError where Flyte would refuse it."""
    if len(expression) > _LONGEST_EXPRESSION:
        raise InvalidInputError(f"the cron expression has {len(expression)} characters", hint="at most 255 are allowed")
    if expression.startswith("@"):
        if expression not in DESCRIPTORS:
            raise InvalidInputError(
                f"unknown cron descriptor {expression!r}",
                hint=f"use five fields, a fixed rate, or one of {', '.join(DESCRIPTORS)}",
            )
        return DESCRIPTORS[expression]
    fields = expression.replace("?", "*").split()
    if len(fields) == 6:
        raise InvalidInputError(
            f"the cron expression {expression!r} has six fields",
            hint="give five: minute hour day-of-month month day-of-week (no seconds, no year as in AWS)",
        )
    if len(fields) != 5:
        raise InvalidInputError(
            f"the cron expression {expression!r} has {len(fields)} fields",
            hint="give five (minute hour day-of-month month day-of-week) or a descriptor such as @daily",
        )
    for field in fields:
        if not _SHARED_SYNTAX.fullmatch(field) or re.search(r"[A-Za-z]", _NAMES.sub("", field)):
            raise InvalidInputError(
                f"the cron expression {expression!r} has a field {field!r} that is not understood",
                hint="a field is made of numbers, names of days or months, `*`, `,`, `-` and `/`",
            )
    normal = " ".join(fields)
    try:
        CronSim(normal, _ANY_TIME)
    except CronSimError as error:
        raise InvalidInputError(
            f"the cron expression {expression!r} is not valid: {error}", hint="for example `0 2 * * *`, daily at 02:00"
        ) from error
    return normal


@lru_cache(maxsize=1024)
def timezone(name: str) -> ZoneInfo:
    """The IANA timezone `name`, UTC when it is empty. Raises InvalidInputError."""
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError) as error:
        raise InvalidInputError(
            f"unknown timezone {name!r}", hint="give an IANA name such as Europe/Berlin, or none for UTC"
        ) from error


def check_schedule(schedule: Schedule) -> None:
    """Raises InvalidInputError unless the schedule can be evaluated. Its shape was checked by the reader."""
    if schedule.cron is not None:
        cron_fields(schedule.cron.expression)
        timezone(schedule.cron.timezone)
    elif schedule.cron_expression:
        cron_fields(schedule.cron_expression)
