"""Questions in SQL, from people: one SELECT, confined to the index.

What confines it is DuckDB's own settings, made before the question is seen and then locked (`connection`): no other
file, no extension, no setting can be reached, and the file is open for reading. On top of that only a single SELECT or
EXPLAIN is taken, so that a question leaves nothing behind in the connection either.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, TypeVar

import duckdb
import msgspec

from taskstore.errors import InvalidQueryError, LimitExceededError

MOST_CHARACTERS = 100_000
MOST_ROWS = 100_000
"""Of an answer that is given out row by row; a Parquet file may have more."""

_READING = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
_WITH_TIME_ZONE = "TIMESTAMP WITH TIME ZONE"


Answer = TypeVar("Answer")


class SqlAnswer(msgspec.Struct, frozen=True):
    """The columns of an answer and its rows. Times are aware and in UTC."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def ask_sql(connection: duckdb.DuckDBPyConnection, question: str) -> SqlAnswer:
    """Answer one SELECT. Raises InvalidQueryError with what DuckDB says of it, LimitExceededError."""
    return _asked(connection, question, _fetch)


def write_parquet(connection: duckdb.DuckDBPyConnection, question: str, path: str) -> int:
    """Write the answer to the Parquet file `path`, which the connection may write, and nothing else; how many rows.

    Raises InvalidQueryError.
    """

    def write(answer: duckdb.DuckDBPyRelation) -> int:
        answer.write_parquet(path)
        [(count,)] = answer.count("*").fetchall()
        return int(count)

    return _asked(connection, question, write)


def _asked(
    connection: duckdb.DuckDBPyConnection, question: str, take: Callable[[duckdb.DuckDBPyRelation], Answer]
) -> Answer:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
