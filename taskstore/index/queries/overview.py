"""The registry as a whole: how much there is, and which task somebody may have meant."""

from __future__ import annotations

import duckdb
import msgspec

from taskstore.index.queries.fetch import fetch_one
from taskstore_specs.identity import TaskName

_CLOSE = 0.85
"""Of 1.0; below it a name is more likely another one than a slip."""


class Counts(msgspec.Struct, frozen=True):
    """How many there are, deleted ones not counted; `specs` are all that were ever named, each of which is a blob."""

    projects: int
    tasks: int
    versions: int
    triggers: int
    specs: int


def count_all(connection: duckdb.DuckDBPyConnection) -> Counts:
    """What the registry holds."""
    query = """
        SELECT (SELECT count(*) FROM projects), (SELECT count(*) FROM tasks),
            (SELECT count(*) FROM task_versions WHERE deleted_at IS NULL),
            (SELECT count(*) FROM triggers WHERE deleted_at IS NULL),
            (SELECT count(*) FROM (SELECT digest FROM task_revisions UNION SELECT digest FROM specs))
    """
    [row] = connection.execute(query).fetchall()
    return Counts(*row)


def nearest_task(connection: duckdb.DuckDBPyConnection, task: TaskName) -> TaskName | None:
    """The task whose address is most like that of `task`, if one is so like it that it may have been meant."""
    query = """
        SELECT project, domain, name FROM (
            SELECT *, jaro_winkler_similarity(concat_ws('/', project, domain, name), $address) AS likeness FROM tasks)
        WHERE likeness > $close ORDER BY likeness DESC, project, domain, name
    """
    return fetch_one(connection, TaskName, query, {"address": str(task), "close": _CLOSE})
