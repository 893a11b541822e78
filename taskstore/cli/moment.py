"""A point in the registry's history, as people write it."""

from __future__ import annotations

from datetime import datetime

from taskstore.errors import InvalidQueryError
from taskstore.index.queries import read_time


def parse_moment(text: str) -> int | datetime:
    """Read a journal entry's number, or a time. Raises InvalidQueryError."""

    return int(text) if text.isascii() and text.isdigit() else read_time(text)


def parse_time(text: str) -> datetime:
    """Read a time. Raises InvalidQueryError."""
    moment = parse_moment(text)
    if isinstance(moment, int):
        raise InvalidQueryError(f"not a time: {text!r}", hint="write it as in 2026-01-02T03:04:05Z")
    return moment
