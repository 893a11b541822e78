"""Bringing the index up to date: one transaction appends the history, projects it and moves the head."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress

import duckdb

from taskstore.index import history, projection, schema
from taskstore.index.projection import TASK, TRIGGER, VERSION
from taskstore.journal.entry import Entry, Head
from taskstore_specs.digest import Digest

UNSORTED_ROWS = 100_000
"""So many rows of `task_versions` may lie in the order of deploys before they are sorted: less than a row group."""


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of an empty index."""
    for table in schema.TABLES:
        connection.execute(table.create)
    connection.execute(f"CREATE VIEW projects AS {projection.projects('(SELECT max(sequence) FROM meta)')}")
    connection.execute("INSERT INTO meta VALUES (?, 0, '', NULL, 0)", [schema.FORMAT])


def head(connection: duckdb.DuckDBPyConnection) -> Head | None:
    """The last entry that was applied; None if none was."""
    row = connection.execute("SELECT sequence, digest, committed_at FROM meta").fetchone()
    if row is None or row[0] == 0:
        return None
    return Head(row[0], Digest.parse(row[1]), history.aware(row[2]))


def apply(connection: duckdb.DuckDBPyConnection, entries: Sequence[tuple[Entry, Digest]], after: int) -> None:
    """Take in the entries that follow entry `after`, the last one applied: all of them or, when this raises, none."""
    if not entries:
        return
    with _transaction(connection):
        history.append(connection, history.encode(entries))
        _project_changes(connection, after, entries[-1][0].sequence)
        _keep_sorted(connection)
        _move_head(connection, entries[-1])


def load(connection: duckdb.DuckDBPyConnection, chunks: Iterable[Sequence[tuple[Entry, Digest]]]) -> None:
    """Fill an empty index with a whole journal, given in chunks of one entry or more: all or, when this raises, none.

    One chunk is read and encoded while DuckDB takes in the one before, which it does without holding Python up.
    """
    with _transaction(connection):
        last = _append_all(connection, chunks)
        if last is not None:
            _project_all(connection, last[0].sequence)
            _move_head(connection, last)


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # DuckDB ends some failed transactions itself.
        with suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        raise


def _append_all(
    connection: duckdb.DuckDBPyConnection, chunks: Iterable[Sequence[tuple[Entry, Digest]]]
) -> tuple[Entry, Digest] | None:
    last = None
    with ThreadPoolExecutor(1, "taskstore-index-load") as worker:
        inserted: Future[None] | None = None
        for chunk in chunks:
            batches = history.encode(chunk)
            if inserted is not None:
                inserted.result()
            inserted = worker.submit(history.append, connection, batches)
            last = chunk[-1]
        if inserted is not None:
            inserted.result()
    return last


def _move_head(connection: duckdb.DuckDBPyConnection, last: tuple[Entry, Digest]) -> None:
    entry, digest = last
    connection.execute(
        "UPDATE meta SET sequence = ?, digest = ?, committed_at = ?",
        [entry.sequence, str(digest), history.naive(entry.committed_at)],
    )


def _project_all(connection: duckdb.DuckDBPyConnection, upto: int) -> None:
    """Fill the current tables, sorted by task so that the rows of a task lie together and a scan skips the others."""
    versions = projection.versions("0", "$upto")
    connection.execute(
        f"INSERT INTO triggers BY NAME ({projection.triggers('0', '$upto', known=False)})", {"upto": upto}
    )
    connection.execute(
        f"INSERT INTO task_versions BY NAME {projection.summarised(f'({versions})', 'triggers')} ORDER BY {VERSION}",
        {"upto": upto},
    )
    connection.execute("UPDATE meta SET sorted = (SELECT count(*) FROM task_versions)")
    connection.execute(f"INSERT INTO tasks BY NAME {projection.newest('task_versions')} ORDER BY {TASK}")


def _keep_sorted(connection: duckdb.DuckDBPyConnection) -> None:
    """Sort `task_versions` anew once the rows behind its sorted part are many: a second for a million rows, seldom."""
    count = "SELECT (SELECT count(*) FROM task_versions), sorted FROM meta"
    [[rows, already]] = connection.execute(count).fetchall()
    if rows - already <= max(UNSORTED_ROWS, already // 2):
        return
    connection.execute("ALTER TABLE task_versions RENAME TO unsorted")
    connection.execute(schema.TASK_VERSIONS.create)
    connection.execute(f"INSERT INTO task_versions FROM unsorted ORDER BY {VERSION}")
    connection.execute("DROP TABLE unsorted")
    connection.execute("UPDATE meta SET sorted = ?", [rows])


_FRESH = "sequence > $after AND sequence <= $upto"
_TOUCHED = f"""
CREATE OR REPLACE TEMP TABLE touched AS
    SELECT {VERSION} FROM task_revisions WHERE {_FRESH}
    UNION SELECT project, domain, task_name, task_version FROM trigger_revisions WHERE {_FRESH}
    UNION SELECT project, domain, task_name, task_version FROM triggers
        SEMI JOIN (FROM trigger_revisions WHERE {_FRESH}) USING ({TRIGGER})
"""
"""The versions whose state or trigger counts may have changed: deployed, or come to or left by a trigger.

Not each need be here: of a bundle, some of a trigger's versions may not have been chosen.
"""


def _settable(table: schema.Table, keep: frozenset[str]) -> str:
    """Assignments of a MERGE: what `fresh` says of a column, else what the table held."""
    return ", ".join(
        f'"{name}" = coalesce(fresh."{name}", {table.name}."{name}")' for name in table.columns if name not in keep
    )


_CREATED = frozenset({"created_at", "created_sequence", "created_position"})
_MERGE_TRIGGERS = f"""
MERGE INTO triggers USING ({projection.triggers("$after", "$upto", known=True)}) AS fresh USING ({TRIGGER})
    WHEN MATCHED THEN UPDATE BY NAME
    WHEN NOT MATCHED THEN INSERT BY NAME
"""
_MERGE_VERSIONS = f"""
MERGE INTO task_versions
    USING ({
    projection.summarised(
        f"(FROM touched LEFT JOIN ({projection.versions('$after', '$upto')}) USING ({VERSION}))", "triggers"
    )
}) AS fresh
    USING ({VERSION})
    WHEN MATCHED THEN UPDATE SET {_settable(schema.TASK_VERSIONS, _CREATED | {"deleted_at"})},
        deleted_at = CASE WHEN fresh.revision IS NULL THEN task_versions.deleted_at ELSE fresh.deleted_at END
    WHEN NOT MATCHED AND fresh.revision IS NOT NULL THEN INSERT BY NAME
"""
_MERGE_TASKS = f"""
MERGE INTO tasks
    USING (
        FROM (SELECT DISTINCT {TASK} FROM touched)
        LEFT JOIN ({projection.newest(f"(FROM task_versions SEMI JOIN touched USING ({TASK}))")}) USING ({TASK})
    ) AS fresh
    USING ({TASK})
    WHEN MATCHED AND fresh.version IS NULL THEN DELETE
    WHEN MATCHED THEN UPDATE BY NAME
    WHEN NOT MATCHED AND fresh.version IS NOT NULL THEN INSERT BY NAME
"""


def _project_changes(connection: duckdb.DuckDBPyConnection, after: int, upto: int) -> None:
    """Move the current tables from entry `after` to entry `upto`, touching only what changed between them."""
    bounds = {"after": after, "upto": upto}
    connection.execute(_TOUCHED, bounds)
    connection.execute(_MERGE_TRIGGERS, bounds)
    connection.execute(_MERGE_VERSIONS, bounds)
    connection.execute(_MERGE_TASKS)
