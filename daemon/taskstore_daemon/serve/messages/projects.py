"""Projects, as `flyteidl2/project` has them, and the small language in which it filters them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from flyteidl2.common.list_pb2 import Sort
from flyteidl2.project.project_service_pb2 import PROJECT_STATE_ACTIVE, PROJECT_STATE_ARCHIVED, Domain, Project

from taskstore.errors import InvalidQueryError
from taskstore.index.queries import ProjectRow, ProjectState

_DOMAINS = ("development", "staging", "production")
"""The domains that a Flyte server has unless it is configured otherwise. Here any domain may be deployed to."""
_STATES = {ProjectState.ACTIVE: PROJECT_STATE_ACTIVE, ProjectState.ARCHIVED: PROJECT_STATE_ARCHIVED}
_COLUMNS: dict[str, Callable[[ProjectRow], str]] = {
    "identifier": lambda row: row.id,
    "name": lambda row: row.name,
    "description": lambda row: row.description,
    "state": lambda row: str(int(_STATES[row.state])),
    "created_at": lambda row: row.created_at.isoformat(),
}
_CONDITIONS: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda value, given: value == given,
    "ne": lambda value, given: value != given,
    "contains": lambda value, given: given in value,
    "value_in": lambda value, given: value in [choice.strip() for choice in given.split(";")],
}
_FILTER = re.compile(r"\s*(\w+)\s*\(\s*(\w+)\s*,(.*)\)\s*", re.DOTALL)


def to_project(row: ProjectRow) -> Project:
    """A project."""
    return Project(
        id=row.id,
        name=row.name,
        description=row.description,
        domains=[Domain(id=domain, name=domain) for domain in _DOMAINS],
        state=_STATES[row.state],
    )


def select(rows: Iterable[ProjectRow], filters: str) -> list[ProjectRow]:
    """The projects that `filters` lets through, such as `eq(state,0)+contains(name,foo)`; without filters those in use.

    Raises InvalidQueryError.
    """
    if not filters.strip():
        return [row for row in rows if row.state is ProjectState.ACTIVE]
    conditions = [_condition(text) for text in filters.split("+")]
    return [row for row in rows if all(condition(row) for condition in conditions)]


def in_order(rows: Sequence[ProjectRow], sort: Sort) -> list[ProjectRow]:
    """The projects in the order asked for, else by id. Raises InvalidQueryError."""
    column = _column(sort.key or "identifier")
    descending = bool(sort.key) and sort.direction == Sort.DESCENDING
    return sorted(rows, key=lambda row: (column(row), row.id), reverse=descending)


def page(rows: Sequence[ProjectRow], limit: int, token: str) -> tuple[Sequence[ProjectRow], str]:
    """The `limit` projects (0: all) behind the one that `token` names, and the token of the next page.

    Raises InvalidQueryError.
    """
    ids = [row.id for row in rows]
    if token and token not in ids:
        raise InvalidQueryError("the token is not one of this query", hint="give the token of the page before")
    rest = rows[ids.index(token) + 1 :] if token else rows
    if not limit or len(rest) <= limit:
        return rest, ""
    return rest[:limit], rest[limit - 1].id


def _condition(text: str) -> Callable[[ProjectRow], bool]:
    match = _FILTER.fullmatch(text)
    if match is None:
        raise InvalidQueryError(f"not a filter: {text!r}", hint="write eq(state,0), joined by +")
    function, name, given = match.groups()
    if function.lower() not in _CONDITIONS:
        raise InvalidQueryError(f"there is no filter {function!r}", hint=f"use one of {', '.join(_CONDITIONS)}")
    column, compare = _column(name), _CONDITIONS[function.lower()]
    return lambda row: compare(column(row), given.strip())


def _column(name: str) -> Callable[[ProjectRow], str]:
    if name not in _COLUMNS:
        raise InvalidQueryError(f"no column {name!r}", hint=f"the columns are {', '.join(_COLUMNS)}")
    return _COLUMNS[name]
