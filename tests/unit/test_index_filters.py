"""What the text of a filter, a sort key and a time says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from taskstore.errors import InvalidQueryError, LimitExceededError
from taskstore.index.queries import COLUMNS, Filter, Operator, SortKey, parse_filter, parse_sort, read_time
from taskstore.index.queries.filters import MOST_FILTERS, MOST_VALUES, VALUE_CHARACTERS, conditions

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "column", "operator", "values"),
    [
        ("name=a", "name", Operator.EQUAL, ("a",)),
        ("name = a b ", "name", Operator.EQUAL, ("a b",)),
        ("name=", "name", Operator.EQUAL, ("",)),
        ("name==a", "name", Operator.EQUAL, ("=a",)),
        ("name!=a", "name", Operator.NOT_EQUAL, ("a",)),
        ("name>a", "name", Operator.GREATER_THAN, ("a",)),
        ("name>=a", "name", Operator.GREATER_THAN_OR_EQUAL, ("a",)),
        ("name<a", "name", Operator.LESS_THAN, ("a",)),
        ("name<=a", "name", Operator.LESS_THAN_OR_EQUAL, ("a",)),
        ("name~a~b", "name", Operator.CONTAINS, ("a~b",)),
        ("name~~a", "name", Operator.CONTAINS_CASE_INSENSITIVE, ("a",)),
        ("name^a", "name", Operator.STARTS_WITH, ("a",)),
        ("name$a", "name", Operator.ENDS_WITH, ("a",)),
        ("name!$a", "name", Operator.NOT_ENDS_WITH, ("a",)),
        ("name in a, b,c", "name", Operator.VALUE_IN, ("a", "b", "c")),
        ("name not  in a", "name", Operator.VALUE_NOT_IN, ("a",)),
        ("name=x in y", "name", Operator.EQUAL, ("x in y",)),
        ("name~a\nb", "name", Operator.CONTAINS, ("a\nb",)),
        ("total_triggers>=2", "total_triggers", Operator.GREATER_THAN_OR_EQUAL, (2,)),
        ("active_triggers in 1,2", "active_triggers", Operator.VALUE_IN, (1, 2)),
        ("created_at<2026-01-02T03:04:05Z", "created_at", Operator.LESS_THAN, (MOMENT,)),
        ("updated_at=2026-01-02T05:04:05+02:00", "updated_at", Operator.EQUAL, (MOMENT,)),
    ],
)
def test_a_filter(text: str, column: str, operator: Operator, values: tuple[Any, ...]) -> None:
    assert parse_filter(text) == Filter(column, operator, values)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "=a",
        "name in",
        "na me=a",
        "total_triggers=many",
        "total_triggers=1.5",
        "total_triggers=99999999999999999999",
        "total_triggers~1",
        "created_at^2026",
        "created_at>yesterday",
        "created_at>2026-01-02",
        "created_at>2026-01-02T03:04:05",
        "created_at>0001-01-01T00:00:00+14:00",
    ],
)
def test_what_is_no_filter_says_what_would_be(text: str) -> None:
    with pytest.raises(InvalidQueryError) as raised:
        parse_filter(text)
    assert raised.value.hint


@pytest.mark.parametrize("text", ["digest=x", "nmae=x", "name;--=x", "nobody in a"])
def test_an_unknown_column_is_told_with_those_that_are_known(text: str) -> None:
    with pytest.raises(InvalidQueryError) as raised:
        parse_filter(text)
    if "no column" in raised.value.message:
        assert all(column in raised.value.hint for column in COLUMNS)


@pytest.mark.parametrize(
    ("column", "operator", "values"),
    [
        ("name", Operator.EQUAL, ()),
        ("name", Operator.EQUAL, ("a", "b")),
        ("total_triggers", Operator.CONTAINS, (1,)),
    ],
)
def test_a_filter_is_checked_when_it_is_made(column: str, operator: Operator, values: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidQueryError):
        Filter(column, operator, values)


def test_filters_have_limits() -> None:
    Filter("name", Operator.VALUE_IN, ("a",) * MOST_VALUES)
    with pytest.raises(LimitExceededError):
        Filter("name", Operator.VALUE_IN, ("a",) * (MOST_VALUES + 1))
    Filter("name", Operator.EQUAL, ("a" * VALUE_CHARACTERS,))
    with pytest.raises(LimitExceededError):
        Filter("name", Operator.EQUAL, ("a" * (VALUE_CHARACTERS + 1),))
    one = Filter("name", Operator.EQUAL, ("a",))
    conditions([one] * MOST_FILTERS, {})
    with pytest.raises(LimitExceededError):
        conditions([one] * (MOST_FILTERS + 1), {})


def test_values_are_parameters_and_no_part_of_the_query() -> None:
    parameters: dict[str, Any] = {}
    [condition] = conditions([Filter("name", Operator.CONTAINS, ("' OR 1=1 --",))], parameters)
    assert "OR" not in condition
    assert list(parameters.values()) == ["' OR 1=1 --"]


@pytest.mark.parametrize(
    ("text", "key"),
    [("name", SortKey("name")), ("name:asc", SortKey("name")), ("name:desc", SortKey("name", descending=True))],
)
def test_a_sort_key(text: str, key: SortKey) -> None:
    assert parse_sort(text) == key


@pytest.mark.parametrize("text", ["name:down", "name:asc:desc", ":desc"])
def test_what_is_no_sort_key(text: str) -> None:
    with pytest.raises(InvalidQueryError):
        parse_sort(text)


def test_a_time_is_an_rfc_3339_time_with_its_offset() -> None:
    assert read_time("2026-01-02T03:04:05Z") == read_time("2026-01-02T04:04:05+01:00") == MOMENT
    assert read_time("2026-01-02T03:04:05.000006Z") == MOMENT.replace(microsecond=6)
