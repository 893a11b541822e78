"""Filters: what the text of one says, and how it is asked of the database.

Values are literal: `%` and `_` mean themselves. They reach the database as parameters only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Any

import msgspec

from taskstore.errors import InvalidQueryError, LimitExceededError
from taskstore.index.history import naive
from taskstore.index.queries.columns import Kind, Value, kind_of, read_value

MOST_FILTERS = 100
MOST_VALUES = 1_000
VALUE_CHARACTERS = 4_096


class Operator(Enum):
    """How a column is compared, as it is written. The names are Flyte's (flyteidl2/common/list.proto) and two more."""

    EQUAL = "="
    NOT_EQUAL = "!="
    GREATER_THAN = ">"
    GREATER_THAN_OR_EQUAL = ">="
    LESS_THAN = "<"
    LESS_THAN_OR_EQUAL = "<="
    CONTAINS = "~"
    CONTAINS_CASE_INSENSITIVE = "~~"
    STARTS_WITH = "^"
    ENDS_WITH = "$"
    NOT_ENDS_WITH = "!$"
    VALUE_IN = "in"
    VALUE_NOT_IN = "not in"


_TEXT_CONDITIONS = {
    Operator.CONTAINS: "contains({column}, {value})",
    Operator.CONTAINS_CASE_INSENSITIVE: "contains(lower({column}), lower({value}))",
    Operator.STARTS_WITH: "starts_with({column}, {value})",
    Operator.ENDS_WITH: "suffix({column}, {value})",
    Operator.NOT_ENDS_WITH: "NOT suffix({column}, {value})",
}
_SETS = {
    Operator.VALUE_IN: "list_contains({value}, {column})",
    Operator.VALUE_NOT_IN: "NOT list_contains({value}, {column})",
}
_EXPRESSION = re.compile(r"\s*(\w+)\s*(!=|!\$|>=|<=|~~|=|>|<|~|\^|\$)(.*)", re.DOTALL)
_MEMBERSHIP = re.compile(r"\s*(\w+)\s+(in|not\s+in)\s(.*)", re.DOTALL)


class Filter(msgspec.Struct, frozen=True):
    """A condition on a column: one value, or any number for VALUE_IN and VALUE_NOT_IN. Checked when it is made.

    Raises InvalidQueryError when it is made of an unknown column, or of values or an operator that the column does
    not take; LimitExceededError.
    """

    column: str
    operator: Operator
    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        kind = kind_of(self.column)
        if self.operator in _TEXT_CONDITIONS and kind is not Kind.TEXT:
            raise InvalidQueryError(
                f"{self.column} is {kind.value} and is not compared by {self.operator.value!r}",
                hint="use =, !=, >, >=, <, <=, in or not in",
            )
        if self.operator not in _SETS and len(self.values) != 1:
            raise InvalidQueryError(f"{self.operator.value!r} takes one value, not {len(self.values)}")
        if len(self.values) > MOST_VALUES or any(isinstance(v, str) and len(v) > VALUE_CHARACTERS for v in self.values):
            raise LimitExceededError(
                f"the filter of {self.column} is too long",
                hint=f"give at most {MOST_VALUES} values of at most {VALUE_CHARACTERS} characters",
            )


def parse_filter(text: str) -> Filter:
    """Read `COLUMN=VALUE`, `COLUMN not in A,B` and so on; space around a value is no part of it.

    Raises InvalidQueryError that says what is wrong, and lists the columns when one is unknown.
    """
    if match := _MEMBERSHIP.fullmatch(text):
        column, operator, rest = match.groups()
        values = tuple(read_value(column, value.strip()) for value in rest.split(","))
        return Filter(column, Operator(" ".join(operator.split())), values)
    if match := _EXPRESSION.fullmatch(text):
        column, operator, value = match.groups()
        return Filter(column, Operator(operator), (read_value(column, value.strip()),))
    raise InvalidQueryError(
        f"not a filter: {text!r}",
        hint="write COLUMN=VALUE, or with !=, >, >=, <, <=, ~ (contains), ~~ (whatever the case), ^ (starts with), "
        "$ (ends with), !$ (does not), or COLUMN in A,B or COLUMN not in A,B",
    )


def conditions(filters: Iterable[Filter], parameters: dict[str, Any]) -> list[str]:
    """The filters as SQL conditions, whose values are put into `parameters`."""
    found = []
    for number, item in enumerate(filters):
        if number >= MOST_FILTERS:
            raise LimitExceededError("there are too many filters", hint=f"give at most {MOST_FILTERS}")
        name = f"filter{number}"
        values = [stored(value) for value in item.values]
        parameters[name] = values if item.operator in _SETS else values[0]
        found.append(_template(item.operator).format(column=f'"{item.column}"', value=_parameter(item, name)))
    return found


def stored(value: Value) -> Any:
    """A value as the database holds it."""
    return naive(value) if not isinstance(value, str | int) else value


def _template(operator: Operator) -> str:
    return _TEXT_CONDITIONS.get(operator) or _SETS.get(operator) or f"{{column}} {operator.value} {{value}}"


def _parameter(item: Filter, name: str) -> str:
    kind = {Kind.TEXT: "VARCHAR", Kind.INTEGER: "BIGINT", Kind.TIME: "TIMESTAMP"}[kind_of(item.column)]
    return f"${name}::{kind}{'[]' if item.operator in _SETS else ''}"
