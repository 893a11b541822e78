"""Ranges of keys: together they hold every key once, whatever the table holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import duckdb
import pytest

from taskstore.index import apply, ranges, rebuild
from taskstore.index.verify import Difference, compare_current
from taskstore.journal.changes import TaskAction, TaskChange
from taskstore.journal.entry import Entry, Head
from taskstore_specs.digest import Digest

START = datetime(2026, 1, 1, tzinfo=UTC)
DIGEST = Digest.of(b"")
KEY = ("name", "version")


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(duckdb.connect()) as connection:
        yield connection


@pytest.mark.parametrize(
    "names",
    [
        "SELECT format('task{:04d}', i) AS name, 'v1' AS version FROM range(1000) AS numbers(i)",
        "SELECT 'one' AS name, format('v{}', i) AS version FROM range(1000) AS numbers(i)",
        "SELECT 'one' AS name, 'v1' AS version FROM range(1000)",
        "SELECT ['', 'é', 'it''s', '$1'][1 + i % 4] AS name, ['v', ''][1 + i % 2] AS version FROM range(1000) AS n(i)",
        "SELECT '' AS name, '' AS version FROM range(0)",
    ],
)
def test_every_row_lies_in_one_range(
    names: str, connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "ROWS", 100)
    connection.execute(f"CREATE TABLE history AS {names}")
    found = []
    for part in ranges.ranges(connection, "history", KEY):
        found += connection.execute(f"{part.of('history', KEY)} ORDER BY ALL", part.parameters).fetchall()
    assert found == connection.execute("FROM history ORDER BY ALL").fetchall()


def test_ranges_are_about_equally_full(connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "ROWS", 1_000)
    connection.execute("CREATE TABLE history AS SELECT i::VARCHAR AS name, '' AS version FROM range(10_000) AS n(i)")
    counts = [
        connection.execute(f"SELECT count(*) FROM {part.of('history', KEY)}", part.parameters).fetchone()
        for part in ranges.ranges(connection, "history", KEY)
    ]
    assert len(counts) == 11
    assert all(count is not None and 300 < count[0] < 2_000 for count in counts)


def deployed(number: int) -> TaskChange:
    return TaskChange(
        action=TaskAction.DEPLOY,
        project="p",
        domain="d",
        name=f"task{number}",
        version="v",
        revision=1,
        digest=DIGEST,
        fingerprint=DIGEST,
    )


@pytest.mark.parametrize(
    ("damage", "differences"),
    [
        ("SELECT 1", set()),
        ("DELETE FROM task_versions WHERE name = 'task7'", {("task_versions", False), ("tasks", True)}),
        (
            "INSERT INTO task_versions FROM task_versions WHERE name = 'task7'",
            {("task_versions", True), ("tasks", False)},
        ),
        ("UPDATE tasks SET org = 'x' WHERE name = 'task7'", {("tasks", True), ("tasks", False)}),
    ],
)
def test_a_row_that_differs_is_found_in_whatever_range_it_lies(
    damage: str,
    differences: set[tuple[str, bool]],
    connection: duckdb.DuckDBPyConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ranges, "ROWS", 5)
    apply.create(connection)
    rebuild.load(connection, [[(Entry(1, DIGEST, START, "me", tuple(map(deployed, range(30)))), DIGEST)]])
    connection.execute(damage)
    found: list[Difference] = list(compare_current(connection, Head(1, DIGEST, START)))
    assert {(difference.table, difference.is_extra) for difference in found} == differences
    assert all("task7" in difference.row for difference in found)
