"""Bringing the index up to date: one transaction appends the history, projects it and moves the head."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import duckdb

from taskstore.index import history, projection, schema
from taskstore.index.fold import Key, Record, Records, fold_triggers, fold_versions, newest, task_of
from taskstore.index.history import Row
from taskstore.index.projection import VERSION
from taskstore.index.ranges import ranges
from taskstore.index.standing import Standing
from taskstore.journal.entry import Entry, Head
from taskstore_specs.digest import Digest

UNSORTED_ROWS = 100_000
"""So many rows of `task_versions` may lie in the order of deploys before they are sorted: less than a row group."""


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of an empty index."""
    for table in schema.TABLES:
        connection.execute(table.create)
    connection.execute(f"CREATE VIEW projects AS {projection.projects(schema.PROJECT_REVISIONS.name)}")
    connection.execute("INSERT INTO meta VALUES (?, 0, '', NULL, 0)", [schema.FORMAT])


def head(connection: duckdb.DuckDBPyConnection) -> Head | None:
    """The last entry that was applied; None if none was."""
    row = connection.execute("SELECT sequence, digest, committed_at FROM meta").fetchone()
    if row is None or row[0] == 0:
        return None
    return Head(row[0], Digest.parse(row[1]), history.aware(row[2]))


def apply(connection: duckdb.DuckDBPyConnection, entries: Sequence[tuple[Entry, Digest]]) -> None:
    """Take in the entries that follow the last one applied: all of them or, when this raises, none."""
    if not entries:
        return
    with transaction(connection):
        rows = history.rows_of(entries)
        append(connection, rows)
        unsorted = move_head(connection, entries[-1], _project_changes(connection, rows))
        if unsorted > UNSORTED_ROWS:
            _sort(connection, unsorted)


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """The block as one transaction: all of it or, when it raises, nothing."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # DuckDB ends some failed transactions itself.
        with suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        raise


def append(connection: duckdb.DuckDBPyConnection, rows: Mapping[str, Sequence[Row]]) -> None:
    """Append rows to the history tables, by their names."""
    for table in schema.TABLES:
        if rows[table.name]:
            history.append(connection, table, rows[table.name])


def move_head(connection: duckdb.DuckDBPyConnection, last: tuple[Entry, Digest], unsorted: int) -> int:
    """`unsorted` are the rows that `task_versions` got behind its sorted part; how many it has there now."""
    entry, digest = last
    query = "UPDATE meta SET sequence = ?, digest = ?, committed_at = ?, unsorted = unsorted + ? RETURNING unsorted"
    moved = [entry.sequence, str(digest), history.naive(entry.committed_at), unsorted]
    [(count,)] = connection.execute(query, moved).fetchall()
    return int(count)


def _sort(connection: duckdb.DuckDBPyConnection, unsorted: int) -> None:
    """Sort `task_versions` anew if its unsorted rows are half as many as the others: a second for a million rows."""
    [(rows,)] = connection.execute("SELECT count(*) FROM task_versions").fetchall()
    if unsorted <= rows // 3:
        return
    connection.execute("ALTER TABLE task_versions RENAME TO unsorted")
    connection.execute(schema.TASK_VERSIONS.create)
    for part in ranges(connection, "unsorted", schema.TASK_VERSIONS.key):
        rows = part.of("unsorted", schema.TASK_VERSIONS.key)
        connection.execute(f"INSERT INTO task_versions FROM {rows} ORDER BY {VERSION}", part.parameters)
    connection.execute("DROP TABLE unsorted")
    connection.execute("UPDATE meta SET unsorted = 0")


def _project_changes(connection: duckdb.DuckDBPyConnection, rows: Mapping[str, Sequence[Row]]) -> int:
    """Bring the current tables up to date with new rows of the history; how many rows `task_versions` got."""
    revisions, moves = _records(schema.TASK_REVISIONS, rows), _records(schema.TRIGGER_REVISIONS, rows)
    triggers = Standing(connection, schema.TRIGGERS, map(task_of, (*revisions, *moves)))
    touched = fold_triggers(triggers.rows, moves) | {schema.TASK_VERSIONS.key_of(revision) for revision in revisions}
    triggers.save()
    versions = Standing(connection, schema.TASK_VERSIONS, touched)
    fold_versions(versions.rows, revisions, triggers.rows.values())
    written = versions.save()
    _show_newest(connection, versions.rows)
    return written


def _show_newest(connection: duckdb.DuckDBPyConnection, changed: Records) -> None:
    """Bring `tasks` up to date with the rows of `task_versions` that changed."""
    tasks = Standing(connection, schema.TASKS, map(task_of, changed.values()))
    known: defaultdict[Key, Records] = defaultdict(dict)
    for version in (*tasks.rows.values(), *changed.values()):
        known[task_of(version)][schema.TASK_VERSIONS.key_of(version)] = version
    for task, versions in known.items():
        shown = tasks.rows.pop(task, None)
        if shown and versions[schema.TASK_VERSIONS.key_of(shown)]["deleted_at"]:
            versions = Standing(connection, schema.TASK_VERSIONS, [task]).rows
        if row := newest(versions.values()):
            tasks.rows[task] = row
    tasks.save()


def _records(table: schema.Table, rows: Mapping[str, Sequence[Row]]) -> list[Record]:
    return [dict(zip(table.columns, row, strict=True)) for row in rows[table.name]]
