"""The columns that a list of tasks can be filtered and sorted by, and what their values are.

A name from a user reaches SQL only by being one of these.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import Enum

from taskstore.errors import InvalidQueryError

Value = str | int | datetime
"""What a column holds; a time is aware."""


class Kind(Enum):
    """What a column's values are, and so how they compare."""

    TEXT = "text"
    INTEGER = "a whole number"
    TIME = "a time"


COLUMNS = {
    "project": Kind.TEXT,
    "domain": Kind.TEXT,
    "name": Kind.TEXT,
    "version": Kind.TEXT,
    "environment": Kind.TEXT,
    "function_name": Kind.TEXT,
    "deployed_by": Kind.TEXT,
    "created_at": Kind.TIME,
    "updated_at": Kind.TIME,
    "trigger_name": Kind.TEXT,
    "total_triggers": Kind.INTEGER,
    "active_triggers": Kind.INTEGER,
    "env_description": Kind.TEXT,
    "short_description": Kind.TEXT,
}

_INTEGER = re.compile(r"-?[0-9]{1,18}")


def kind_of(column: str) -> Kind:
    """What the values of `column` are. Raises InvalidQueryError, which lists the columns, if there is none."""
    kind = COLUMNS.get(column)
    if kind is None:
        raise InvalidQueryError(f"no column {column!r}", hint=f"the columns are {', '.join(COLUMNS)}")
    return kind


def read_value(column: str, text: str) -> Value:
    """`text` as a value of `column`. Raises InvalidQueryError."""
    match kind_of(column):
        case Kind.TEXT:
            return text
        case Kind.INTEGER:
            if not _INTEGER.fullmatch(text):
                raise InvalidQueryError(f"{column} is compared with {text!r}", hint="give a whole number")
            return int(text)
        case Kind.TIME:
            return read_time(text)


def read_time(text: str) -> datetime:
    """An RFC 3339 time, with its offset. Raises InvalidQueryError."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidQueryError(f"not a time: {text!r}", hint="write it as 2026-01-02T03:04:05Z (RFC 3339)")
