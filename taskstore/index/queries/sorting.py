"""In which order a list of tasks comes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from taskstore.errors import InvalidQueryError
from taskstore.index.queries.columns import COLUMNS, Kind, kind_of
from taskstore.index.queries.paging import OrderKey

_TYPES = {Kind.TEXT: str, Kind.INTEGER: int, Kind.TIME: datetime}
_DIRECTIONS = {"": False, "asc": False, "desc": True}


class SortKey(msgspec.Struct, frozen=True):
    """A column to sort by. Raises InvalidQueryError when it is made of an unknown one."""

    column: str
    descending: bool = False

    def __post_init__(self) -> None:
        kind_of(self.column)


def parse_sort(text: str) -> SortKey:
    """Read `COLUMN`, `COLUMN:asc` or `COLUMN:desc`. Raises InvalidQueryError."""
    column, _, direction = text.partition(":")
    if direction not in _DIRECTIONS:
        raise InvalidQueryError(f"cannot sort {direction!r}", hint="write COLUMN, COLUMN:asc or COLUMN:desc")
    return SortKey(column, _DIRECTIONS[direction])


def total_order(sort: Sequence[SortKey]) -> tuple[OrderKey, ...]:
    """The keys, and behind them those that leave no tie: the time of creation, newest first, and the place in the
    journal, which goes the same way."""
    given = {key.column: key for key in reversed(sort)}
    keys = [
        OrderKey(column, _TYPES[COLUMNS[column]], given[column].descending)
        for column in dict.fromkeys(k.column for k in sort)
    ]
    descending = given["created_at"].descending if "created_at" in given else True
    if "created_at" not in given:
        keys.append(OrderKey("created_at", datetime, descending))
    return (*keys, *(OrderKey(column, int, descending) for column in ("created_sequence", "created_position")))
