"""What a `ListRequest` (flyteidl2/common/list.proto) asks, in the words of the registry's queries."""

from __future__ import annotations

from flyteidl2.common.list_pb2 import Filter as FlyteFilter
from flyteidl2.common.list_pb2 import ListRequest, Sort

from taskstore.errors import InvalidQueryError
from taskstore.index.queries import Filter, Operator, SortKey, read_value


def filters_of(request: ListRequest) -> tuple[Filter, ...]:
    """The request's filters. Raises InvalidQueryError."""
    if request.raw_filters:
        raise InvalidQueryError("raw_filters are not read", hint="use filters")
    return tuple(map(_filter, request.filters))


def sort_of(request: ListRequest) -> tuple[SortKey, ...]:
    """The request's order, of the deprecated `sort_by` where there is no other. Raises InvalidQueryError."""
    given = list(request.sort_by_fields) or ([request.sort_by] if request.sort_by.key else [])
    return tuple(SortKey(sort.key, descending=sort.direction == Sort.DESCENDING) for sort in given)


def require_plain(request: ListRequest, what: str) -> None:
    """Raises InvalidQueryError if the request filters or sorts what has one order, all of it."""
    if request.filters or request.raw_filters:
        raise InvalidQueryError(f"{what} are not filtered", hint="leave the filters out")
    if request.sort_by_fields or request.sort_by.key:
        raise InvalidQueryError(f"{what} have one order, newest first", hint="leave the sorting out")


def _filter(given: FlyteFilter) -> Filter:
    function = FlyteFilter.Function.Name(given.function)
    if function not in Operator.__members__:
        raise InvalidQueryError(f"there is no filter {function}", hint=f"use one of {', '.join(Operator.__members__)}")
    values = tuple(read_value(given.field, value) for value in given.values)
    return Filter(given.field, Operator[function], values)
