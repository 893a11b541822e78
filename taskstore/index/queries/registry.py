"""The registry as it stood at one entry of the journal: what to select from, now or then."""

from __future__ import annotations

from datetime import datetime

import duckdb
import msgspec

from taskstore.errors import InvalidQueryError
from taskstore.index import projection
from taskstore.index.history import naive
from taskstore.index.queries.fetch import fetch_number

AsOf = int | datetime | None
"""A journal entry's number, or an aware time and so the last entry committed until then; None is now."""


class Registry(msgspec.Struct, frozen=True):
    """Relations, to stand behind FROM, that hold the state after entry `sequence`."""

    sequence: int
    projects: str
    tasks: str
    versions: str
    triggers: str


def registry_at(connection: duckdb.DuckDBPyConnection, as_of: AsOf) -> Registry:
    """The registry as of `as_of`. Raises InvalidQueryError of an entry that is not there yet."""
    head = fetch_number(connection, "SELECT sequence FROM meta", {})
    sequence = head if as_of is None else _sequence(connection, as_of)
    if not 0 <= sequence <= head:
        raise InvalidQueryError(f"there is no journal entry {sequence}", hint=f"the last one is {head}")
    if sequence == head:
        return Registry(head, "projects", "tasks", "task_versions", "triggers")
    revisions = projection.until("task_revisions", sequence)
    triggers = f"({projection.triggers(projection.until('trigger_revisions', sequence))})"
    return Registry(
        sequence,
        projects=f"({projection.projects(projection.until('project_revisions', sequence))})",
        tasks=f"({projection.summarised(f'({projection.newest_versions(revisions)})', triggers)})",
        versions=f"({projection.summarised(f'({projection.versions(revisions)})', triggers)})",
        triggers=triggers,
    )


def _sequence(connection: duckdb.DuckDBPyConnection, as_of: int | datetime) -> int:
    if isinstance(as_of, int):
        return as_of
    query = "SELECT coalesce(max(sequence), 0) FROM journal WHERE committed_at <= $moment::TIMESTAMP"
    return fetch_number(connection, query, {"moment": naive(as_of)})
