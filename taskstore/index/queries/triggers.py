"""Triggers: lists, one trigger, its revisions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import msgspec

from taskstore.index.queries.fetch import columns, fetch_all, fetch_number, fetch_one
from taskstore.index.queries.pages import PagedQuery, Pager, Row, all_of
from taskstore.index.queries.paging import OrderKey
from taskstore.index.queries.registry import AsOf, registry_at
from taskstore.index.queries.rows import TriggerDetail, TriggerDetailPage, TriggerPage, TriggerRevisionRow, TriggerRow
from taskstore_specs.identity import TaskName

_ORDER = (
    OrderKey("fires", bool, descending=True),
    OrderKey("updated_at", datetime, descending=True),
    *(OrderKey(column, str) for column in ("project", "domain", "task_name", "name")),
)
_FIRES = "active AND NOT paused AND deleted_at IS NULL"


class TriggerQuery(PagedQuery, frozen=True, kw_only=True):
    """Which triggers: of a project, a domain, a task, those that start one version of it; `active` those that fire.

    Those that fire come first, then by the time that this last changed, newest first; deleted ones are left out.
    Everything is given unless a limit is set.
    """

    project: str | None = None
    domain: str | None = None
    task_name: str | None = None
    task_version: str | None = None
    active: bool = False
    limit: int | None = None


def list_triggers(connection: duckdb.DuckDBPyConnection, query: TriggerQuery) -> TriggerPage:
    """A page of the triggers that `query` asks for. Raises InvalidQueryError."""
    return TriggerPage(*_page(connection, query, TriggerRow))


def list_trigger_details(connection: duckdb.DuckDBPyConnection, query: TriggerQuery) -> TriggerDetailPage:
    """As `list_triggers`, with the triggers' definitions."""
    return TriggerDetailPage(*_page(connection, query, TriggerDetail))


def _page(
    connection: duckdb.DuckDBPyConnection, query: TriggerQuery, kind: type[Row]
) -> tuple[tuple[Row, ...], int, str]:
    pager = Pager(connection, query, _ORDER)
    where, parameters = _where(query)
    relation = f"(SELECT *, {_FIRES} AS fires FROM {pager.registry.triggers})"
    total = fetch_number(connection, f"SELECT count(*) FROM {relation} WHERE {all_of(where)}", parameters)
    triggers, token = pager.read(kind, relation, where, parameters)
    return triggers, total, token


def trigger_details(connection: duckdb.DuckDBPyConnection, query: TriggerQuery) -> tuple[TriggerDetail, ...]:
    """All triggers that `query` asks for, with their definitions, by task and name."""
    where, parameters = _where(query)
    relation = registry_at(connection, query.as_of).triggers
    sql = f"""
        SELECT {columns(TriggerDetail)} FROM (SELECT *, {_FIRES} AS fires FROM {relation}) WHERE {all_of(where)}
        ORDER BY project, domain, task_name, name
    """
    return fetch_all(connection, TriggerDetail, sql, parameters)


def find_trigger(
    connection: duckdb.DuckDBPyConnection, task: TaskName, name: str, *, as_of: AsOf = None
) -> TriggerDetail | None:
    """One trigger of `task`, deleted or not."""
    sql = f"""
        SELECT {columns(TriggerDetail)} FROM {registry_at(connection, as_of).triggers} WHERE {_ONE}
    """
    return fetch_one(connection, TriggerDetail, sql, {**msgspec.structs.asdict(task), "trigger": name})


def trigger_history(connection: duckdb.DuckDBPyConnection, task: TaskName, name: str) -> tuple[TriggerRevisionRow, ...]:
    """Every revision of a trigger of `task`, newest first; none if there never was such a trigger."""
    sql = f"""
        SELECT {columns(TriggerRevisionRow)} FROM trigger_revisions WHERE {_ONE}
        ORDER BY sequence DESC, position DESC
    """
    return fetch_all(connection, TriggerRevisionRow, sql, {**msgspec.structs.asdict(task), "trigger": name})


_ONE = "project = $project AND domain = $domain AND task_name = $name AND name = $trigger"


def _where(query: TriggerQuery) -> tuple[list[str], dict[str, Any]]:
    parameters: dict[str, Any] = {}
    where = ["deleted_at IS NULL"]
    for column in ("project", "domain", "task_name", "task_version"):
        value = getattr(query, column)
        if value is not None:
            parameters[column] = value
            where.append(f"{column} = ${column}")
    if query.active:
        where.append("fires")
    return where, parameters
