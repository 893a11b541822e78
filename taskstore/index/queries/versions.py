"""The versions of a task."""

from __future__ import annotations

import duckdb
import msgspec

from taskstore.index.queries.fetch import fetch_number
from taskstore.index.queries.pages import PagedQuery, Pager
from taskstore.index.queries.rows import VersionPage, VersionRow
from taskstore.index.queries.sorting import total_order
from taskstore_specs.identity import TaskName


class VersionQuery(PagedQuery, frozen=True):
    """Which task's versions, newest first, deleted ones left out."""

    task: TaskName


def list_versions(connection: duckdb.DuckDBPyConnection, query: VersionQuery) -> VersionPage:
    """A page of the versions that `query` asks for; empty if there is no such task. Raises InvalidQueryError."""
    pager = Pager(connection, query, total_order(()))
    where = ["project = $project AND domain = $domain AND name = $name AND deleted_at IS NULL"]
    parameters = msgspec.structs.asdict(query.task)
    total = fetch_number(connection, f"SELECT count(*) FROM {pager.registry.versions} WHERE {where[0]}", parameters)
    versions, token = pager.read(VersionRow, pager.registry.versions, where, parameters)
    return VersionPage(versions, total, token)
