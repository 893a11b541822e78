"""Questions in SQL, from people: one SELECT, confined to the index.

What confines it is DuckDB's own settings, made before the question is seen and then locked (`connection`): no other
file, no extension, no setting can be reached, and the file is open for reading. On top of that only a single SELECT or
EXPLAIN is taken, so that a question leaves nothing behind in the connection either.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, TypeVar

import duckdb
import msgspec

from taskstore.errors import InvalidQueryError, LimitExceededError

MOST_CHARACTERS = 100_000
MOST_ROWS = 100_000
"""Of an answer that is given out row by row; a Parquet file may have more."""

_BETWEEN_INTERRUPTS = 0.1
"""Seconds. One that comes between two steps of a query is not heard."""

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
    if len(question) > MOST_CHARACTERS:
        raise LimitExceededError(f"a query of {len(question)} characters", hint=f"at most {MOST_CHARACTERS} are taken")
    try:
        with closing(_beside(connection)) as cursor:
            statements = cursor.extract_statements(question)
            if len(statements) != 1 or statements[0].type not in _READING:
                raise InvalidQueryError("not a single SELECT", hint="queries only read: give one SELECT statement")
            return _interruptibly(cursor, lambda: take(_without_time_zones(cursor.sql(question))))
    except duckdb.OutOfMemoryException as error:
        raise LimitExceededError(f"the query needs too much memory: {error}", hint="ask for less") from error
    except duckdb.FatalException:
        raise
    except duckdb.Error as error:
        raise InvalidQueryError(
            f"DuckDB refuses the query: {error}", hint="`specs/sql.md` lists the tables and their columns"
        ) from error


def _beside(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Another connection to the same file, as one with an answer that was not fetched to its end takes no question."""
    [(database,)] = connection.execute("SELECT current_database()").fetchall()
    cursor = connection.cursor()
    cursor.execute(f'USE "{database}"')
    return cursor


def _interruptibly(cursor: duckdb.DuckDBPyConnection, work: Callable[[], Answer]) -> Answer:
    """Work in another thread: in the midst of a long query DuckDB does not always hear a Ctrl-C."""
    with ThreadPoolExecutor(1, "taskstore-sql") as worker:
        answer = worker.submit(work)
        try:
            return answer.result()
        except KeyboardInterrupt:
            while not answer.done():
                cursor.interrupt()
                wait([answer], _BETWEEN_INTERRUPTS)
            raise


def _fetch(answer: duckdb.DuckDBPyRelation) -> SqlAnswer:
    rows = answer.limit(MOST_ROWS + 1).fetchall()
    if len(rows) > MOST_ROWS:
        raise LimitExceededError(
            f"the answer has more than {MOST_ROWS} rows", hint="add a LIMIT, or write it to a Parquet file"
        )
    return SqlAnswer(tuple(answer.columns), tuple(tuple(map(_aware, row)) for row in rows))


def _without_time_zones(answer: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Python needs another package to receive times with a zone, so they are given as text."""
    if not any(str(kind) == _WITH_TIME_ZONE for kind in answer.types):
        return answer
    columns = [duckdb.ColumnExpression(name) for name in answer.columns]
    return answer.select(
        *(
            column.cast(duckdb.sqltype("VARCHAR")).alias(name) if str(kind) == _WITH_TIME_ZONE else column
            for column, name, kind in zip(columns, answer.columns, answer.types, strict=True)
        )
    )


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
