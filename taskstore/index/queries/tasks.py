"""Lists of tasks, and one version's details."""

from __future__ import annotations

from typing import Any

import duckdb

from taskstore.index import projection
from taskstore.index.queries.fetch import columns, fetch_all, fetch_number, fetch_one
from taskstore.index.queries.filters import Filter, conditions
from taskstore.index.queries.pages import PagedQuery, Pager, all_of
from taskstore.index.queries.registry import AsOf, Registry, registry_at
from taskstore.index.queries.rows import TaskDetail, TaskPage, TaskRevisionRow, TaskRow
from taskstore.index.queries.sorting import SortKey, total_order
from taskstore_specs.identity import TaskName

_OF_THE_TASK = frozenset({"project", "domain", "name"})
"""Columns that are the same for all versions of a task."""


class TaskQuery(PagedQuery, frozen=True):
    """Which tasks: those in scope (of a project, a domain, a name) that every filter lets through.

    Of each task the newest version that they let through, or with `all_versions` every one; deleted versions are left
    out. Newest first unless `sort` says otherwise.
    """

    project: str | None = None
    domain: str | None = None
    name: str | None = None
    all_versions: bool = False
    filters: tuple[Filter, ...] = ()
    sort: tuple[SortKey, ...] = ()


def list_tasks(connection: duckdb.DuckDBPyConnection, query: TaskQuery) -> TaskPage:
    """A page of the tasks that `query` asks for. Raises InvalidQueryError, LimitExceededError."""
    pager = Pager(connection, query, total_order(query.sort))
    parameters: dict[str, Any] = {}
    scope = _scope(query, parameters)
    chosen = conditions(query.filters, parameters)
    total, filtered_total = _totals(connection, query, pager.registry, scope, chosen, parameters)
    relation = _relation(query, pager.registry, [*scope, *chosen])
    tasks, token = pager.read(TaskRow, relation, [*scope, *chosen], parameters)
    return TaskPage(tasks, total, filtered_total, token)


def find_version(
    connection: duckdb.DuckDBPyConnection, task: TaskName, version: str | None = None, *, as_of: AsOf = None
) -> TaskDetail | None:
    """The details of one version of `task`, deleted or not; without `version` the newest that is not deleted."""
    registry = registry_at(connection, as_of)
    parameters = {"project": task.project, "domain": task.domain, "name": task.name}
    scope = "project = $project AND domain = $domain AND name = $name"
    if version is None:
        return fetch_one(
            connection, TaskDetail, f"SELECT {columns(TaskDetail)} FROM {registry.tasks} WHERE {scope}", parameters
        )
    query = f"SELECT {columns(TaskDetail)} FROM {registry.versions} WHERE {scope} AND version = $version"
    return fetch_one(connection, TaskDetail, query, {**parameters, "version": version})


def task_history(
    connection: duckdb.DuckDBPyConnection, task: TaskName, version: str | None = None
) -> tuple[TaskRevisionRow, ...]:
    """Every change of one version of `task`, or of all of them, newest first."""
    parameters = {"project": task.project, "domain": task.domain, "name": task.name}
    where = "project = $project AND domain = $domain AND name = $name"
    if version is not None:
        parameters["version"] = version
        where += " AND version = $version"
    query = f"""
        SELECT {columns(TaskRevisionRow)} FROM task_revisions WHERE {where} ORDER BY sequence DESC, position DESC
    """
    return fetch_all(connection, TaskRevisionRow, query, parameters)


def _scope(query: TaskQuery, parameters: dict[str, Any]) -> list[str]:
    scope = ["deleted_at IS NULL"]
    for column in ("project", "domain", "name"):
        value = getattr(query, column)
        if value is not None:
            parameters[column] = value
            scope.append(f"{column} = ${column}")
    return scope


def _relation(query: TaskQuery, registry: Registry, where: list[str]) -> str:
    """What holds one row for each row of the answer. The filters apply before the newest is chosen, as in Flyte."""
    if query.all_versions:
        return registry.versions
    if all(item.column in _OF_THE_TASK for item in query.filters):
        return registry.tasks
    return f"({projection.newest(f'(FROM {registry.versions} WHERE {all_of(where)})')})"


def _totals(
    connection: duckdb.DuckDBPyConnection,
    query: TaskQuery,
    registry: Registry,
    scope: list[str],
    chosen: list[str],
    parameters: dict[str, Any],
) -> tuple[int, int]:
    """How many rows are in scope, and how many the filters let through."""
    whole = registry.versions if query.all_versions else registry.tasks
    inside = {name: value for name, value in parameters.items() if not name.startswith("filter")}
    total = _count(connection, whole, scope, inside)
    if not chosen:
        return total, total
    relation = _relation(query, registry, [*scope, *chosen])
    return total, _count(connection, relation, [*scope, *chosen], parameters)


def _count(connection: duckdb.DuckDBPyConnection, relation: str, where: list[str], parameters: dict[str, Any]) -> int:
    return fetch_number(connection, f"SELECT count(*) FROM {relation} WHERE {all_of(where)}", parameters)
