"""Rows of a current table as they stand: found by their keys, changed at will, and put back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb

from taskstore.index import history, schema
from taskstore.index.fold import Key, Record


class Standing:
    """The rows of `table` whose keys begin with one of `keys`, by key in `rows`. Good within one transaction."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: schema.Keyed, keys: Iterable[Key]) -> None:
        self._connection, self._table = connection, table
        self._found: dict[Key, tuple[int, Record]] = {}
        for place, *values in self._find(sorted(set(keys))):
            row = dict(zip(table.columns, values, strict=True))
            self._found[table.key_of(row)] = place, row
        self.rows = {key: row for key, (_, row) in self._found.items()}

    def save(self) -> int:
        """Make the table hold `rows` instead of what was found; how many rows were put behind the others for that."""
        gone = [place for key, (place, row) in self._found.items() if self.rows.get(key) != row]
        if gone:
            query = f"DELETE FROM {self._table.name} WHERE rowid IN (SELECT unnest(?::BIGINT[]))"
            self._connection.execute(query, [gone])
        new = [row for key, row in self.rows.items() if key not in self._found or self._found[key][1] != row]
        history.append(self._connection, self._table, list(map(schema.getter(tuple(self._table.columns)), new)))
        return len(new)

    def _find(self, keys: list[Key]) -> list[tuple[Any, ...]]:
        if not keys:
            return []
        columns = ", ".join(self._table.key[: len(keys[0])])
        lists = ", ".join("unnest(?::VARCHAR[])" for _ in keys[0])
        query = f"""
            SELECT rowid, * FROM {self._table.name}
            SEMI JOIN (SELECT {lists}) AS wanted({columns}) USING ({columns})
        """
        return self._connection.execute(query, [list(column) for column in zip(*keys, strict=True)]).fetchall()
