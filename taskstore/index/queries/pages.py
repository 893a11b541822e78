"""Reading one page of a relation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import duckdb
import msgspec

from taskstore.index.queries.fetch import columns, read_row
from taskstore.index.queries.paging import OrderKey, behind, page_size, read_token, write_token
from taskstore.index.queries.registry import AsOf, Registry, registry_at

Row = TypeVar("Row", bound=msgspec.Struct)

_CHUNK = 2_000


class PagedQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered in pages.

    `limit` is how many rows a page has: 0 the usual 50, at most 200, None everything. `token` asks for the page after
    the one that gave it. `as_of` asks for an earlier state of the registry.
    """

    limit: int | None = 0
    token: str = ""
    as_of: AsOf = None


class Pager:
    """One page of a query: which registry it is read from, and the rows behind its token in a total order.

    Raises InvalidQueryError of a page size or token that the query does not take.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, query: PagedQuery, order: Sequence[OrderKey]) -> None:
        self._connection, self._query, self._order = connection, query, order
        self._size = page_size(query.limit)
        self._position = read_token(query, query.token, order) if query.token else None
        self.registry: Registry = registry_at(connection, self._position.sequence if self._position else query.as_of)

    def read(
        self, kind: type[Row], relation: str, where: Sequence[str], parameters: dict[str, Any]
    ) -> tuple[tuple[Row, ...], str]:
        """The page of the rows of `relation` that meet every condition of `where`, and the token of the next one."""
        parameters = dict(parameters)
        conditions = list(where)
        if self._position is not None:
            conditions.append(behind(self._order, self._position.key, parameters))
        keys = ", ".join(f'"{key.column}"' for key in self._order)
        query = f"""
            SELECT {columns(kind)}, {keys} FROM {relation} WHERE {all_of(conditions)}
            ORDER BY {", ".join(key.sql for key in self._order)} {self._limit()}
        """
        width = len(kind.__struct_fields__)
        answer = self._connection.execute(query, parameters)
        if self._size is None:
            return tuple(read_row(kind, row[:width]) for row in _stream(answer)), ""
        rows = answer.fetchall()
        token = ""
        if len(rows) > self._size:
            del rows[self._size :]
            token = write_token(self._query, self.registry.sequence, rows[-1][width:])
        return tuple(read_row(kind, row[:width]) for row in rows), token

    def _limit(self) -> str:
        return "" if self._size is None else f"LIMIT {self._size + 1}"


def _stream(answer: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    """The rows of an answer of any length, some at a time."""
    while rows := answer.fetchmany(_CHUNK):
        yield from rows


def all_of(conditions: Sequence[str]) -> str:
    """The conditions joined by AND; true if there are none."""
    return " AND ".join(f"({condition})" for condition in conditions) or "true"
