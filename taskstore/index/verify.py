"""Whether the index holds what the journal says: every row of the history, then what that comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import duckdb
import msgspec

from taskstore.index import history, schema
from taskstore.index.derived import Part, parts
from taskstore.index.history import Row
from taskstore.journal.entry import Entry, Head
from taskstore_specs.digest import Digest

_CURRENT = (schema.TRIGGERS, schema.TASK_VERSIONS, schema.TASKS)
_HISTORY = tuple(table for table in schema.TABLES if table is not schema.META and table not in _CURRENT)

DIFFERENCES = 100
"""How many differing rows of a current table are told of; the rest is as wrong, and mended by the same rebuild."""


class Difference(msgspec.Struct, frozen=True):
    """A row of `table` that should not be there (`is_extra`) or is not there. `sequence` is the entry it is made of."""

    table: str
    sequence: int
    row: Row
    is_extra: bool


def compare_history(
    connection: duckdb.DuckDBPyConnection, entries: Sequence[tuple[Entry, Digest]]
) -> Iterator[Difference]:
    """How the history tables differ from these consecutive entries of the journal, which the index has applied."""
    if not entries:
        return
    bounds = [entries[0][0].sequence, entries[-1][0].sequence]
    expected = history.rows_of(entries)
    for table in _HISTORY:
        query = f"SELECT * FROM {table.name} WHERE sequence BETWEEN ? AND ? ORDER BY ALL"
        found = connection.execute(query, bounds).fetchall()
        wanted = expected[table.name]
        if found != wanted:
            yield from _compare(table, wanted, found)


def compare_current(connection: duckdb.DuckDBPyConnection, head: Head) -> Iterator[Difference]:
    """How the current tables differ from what the history tables come to, and these from ending at `head`."""
    yield from _compare_head(connection, head)
    for part in parts(connection, head.sequence):
        hashes = _differing_hashes(connection, part)
        for is_extra, rows in ((True, part.found), (False, part.expected)):
            if hashes[is_extra]:
                query = f"FROM ({rows}) AS row WHERE list_contains($hashes::UBIGINT[], hash(row)) LIMIT {DIFFERENCES}"
                differing = connection.execute(query, {**part.parameters, "hashes": hashes[is_extra]}).fetchall()
                yield from (_difference(part.table, row, is_extra=is_extra) for row in differing)


def _differing_hashes(connection: duckdb.DuckDBPyConnection, part: Part) -> dict[bool, list[int]]:
    """The hashes of some rows that are there and should not be (True), and of some that are missing (False).

    Wide rows by the hundred thousand do not fit in the memory that is given; their hashes of 64 bits do.
    """
    query = f"""
        SELECT hash, sum(count) > 0 FROM (
            SELECT hash(found) AS hash, 1 AS count FROM ({part.found}) AS found
            UNION ALL SELECT hash(expected), -1 FROM ({part.expected}) AS expected
        ) GROUP BY hash HAVING sum(count) <> 0 LIMIT {2 * DIFFERENCES}
    """
    hashes: dict[bool, list[int]] = {True: [], False: []}
    for value, is_extra in connection.execute(query, part.parameters).fetchall():
        hashes[is_extra].append(value)
    return hashes


def _compare_head(connection: duckdb.DuckDBPyConnection, head: Head) -> Iterator[Difference]:
    committed_at = history.naive(head.committed_at) if head.committed_at else None
    wanted = [(schema.FORMAT, head.sequence, str(head.digest) if head.sequence else "", committed_at)]
    found = connection.execute(f"SELECT format, sequence, digest, committed_at FROM {schema.META.name}").fetchall()
    yield from (Difference(schema.META.name, row[1], row, is_extra=True) for row in found if row not in wanted)
    for table in _HISTORY:
        beyond = f"SELECT * FROM {table.name} WHERE sequence < 1 OR sequence > ? LIMIT {DIFFERENCES}"
        rows = connection.execute(beyond, [head.sequence]).fetchall()
        yield from (_difference(table, row, is_extra=True) for row in rows)


def _compare(table: schema.Table, wanted: Sequence[Row], found: Sequence[Row]) -> Iterator[Difference]:
    missing, extra = Counter(wanted), Counter(found)
    yield from (_difference(table, row, is_extra=False) for row in missing - extra)
    yield from (_difference(table, row, is_extra=True) for row in extra - missing)


def _difference(table: schema.Table, row: Row, *, is_extra: bool) -> Difference:
    return Difference(table.name, row[list(table.columns).index("sequence")], row, is_extra)
