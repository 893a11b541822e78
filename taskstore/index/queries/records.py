"""Projects, the journal's entries, and who uses a specification."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import msgspec

from taskstore.index.history import naive
from taskstore.index.queries.fetch import columns, fetch_all
from taskstore.index.queries.pages import all_of
from taskstore.index.queries.paging import page_size
from taskstore.index.queries.registry import AsOf, registry_at
from taskstore.index.queries.rows import EntryRow, ProjectRow, SpecRow, SpecUserRow
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskName


def list_projects(connection: duckdb.DuckDBPyConnection, *, as_of: AsOf = None) -> tuple[ProjectRow, ...]:
    """Every project, archived ones too, by id. Raises InvalidQueryError."""
    relation = registry_at(connection, as_of).projects
    sql = f"""
        SELECT {columns(ProjectRow)}
        FROM (SELECT *, CASE WHEN archived THEN 'archived' ELSE 'active' END AS state FROM {relation}) ORDER BY id
    """
    return fetch_all(connection, ProjectRow, sql, {})


class LogQuery(msgspec.Struct, frozen=True):
    """Which journal entries: those that changed `task` or its triggers, those after entry number `since`, or
    committed at that time or later. `limit` as in TaskQuery."""

    task: TaskName | None = None
    since: int | datetime | None = None
    limit: int | None = 0


_OF_TASK = """
    SELECT sequence FROM task_revisions WHERE project = $project AND domain = $domain AND name = $name
    UNION
    SELECT sequence FROM trigger_revisions WHERE project = $project AND domain = $domain AND task_name = $name
"""


def list_entries(connection: duckdb.DuckDBPyConnection, query: LogQuery) -> tuple[EntryRow, ...]:
    """The journal's entries that `query` asks for, newest first. Raises InvalidQueryError."""
    where: list[str] = []
    parameters: dict[str, Any] = {}
    if query.task is not None:
        parameters |= msgspec.structs.asdict(query.task)
        where.append(f"sequence IN ({_OF_TASK})")
    if isinstance(query.since, datetime):
        parameters["since"] = naive(query.since)
        where.append("committed_at >= $since::TIMESTAMP")
    elif query.since is not None:
        parameters["since"] = query.since
        where.append("sequence > $since")
    size = page_size(query.limit)
    limit = "" if size is None else f"LIMIT {size}"
    sql = f"SELECT {columns(EntryRow)} FROM journal WHERE {all_of(where)} ORDER BY sequence DESC {limit}"
    return fetch_all(connection, EntryRow, sql, parameters)


def list_specs(connection: duckdb.DuckDBPyConnection, limit: int | None = 0) -> tuple[SpecRow, ...]:
    """The specifications, deployed or put alone, the latest named first. `limit` as in TaskQuery.

    Raises InvalidQueryError.
    """
    size = page_size(limit)
    sql = f"""
        SELECT digest, sum(uses)::BIGINT AS versions, min(named) AS created_at FROM (
            SELECT digest, count(DISTINCT (project, domain, name, version)) AS uses, min("at") AS named
            FROM task_revisions WHERE action IN ('DEPLOY', 'ROLLBACK') GROUP BY digest
            UNION ALL
            SELECT digest, 0, "at" FROM specs)
        GROUP BY digest ORDER BY created_at DESC, digest {"" if size is None else f"LIMIT {size}"}
    """
    return fetch_all(connection, SpecRow, sql, {})


def spec_users(connection: duckdb.DuckDBPyConnection, digest: Digest) -> tuple[SpecUserRow, ...]:
    """Every revision of a task version whose specification is `digest`, by task, version and revision."""
    sql = f"""
        SELECT {columns(SpecUserRow)} FROM (
            SELECT past.*, past.revision = now.revision AND now.deleted_at IS NULL AS current
            FROM task_revisions AS past JOIN task_versions AS now USING (project, domain, name, version)
            WHERE past.digest = $digest AND past.action IN ('DEPLOY', 'ROLLBACK'))
        ORDER BY project, domain, name, version, revision
    """
    return fetch_all(connection, SpecUserRow, sql, {"digest": str(digest)})
