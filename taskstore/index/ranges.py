"""A large table as ranges of its keys, so that work on all of it stays within the memory that is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import duckdb
import msgspec

ROWS = 250_000
"""About how many rows of its table a range has: what DuckDB joins and sorts of so many fits in the memory that it is
given, of 500,000 it does not."""
SAMPLE = 200
"""How many rows are looked at for each range, to find where it ends."""
_SEED = 7

Key = tuple[str, ...]


class Range(msgspec.Struct, frozen=True):
    """The keys behind `after` up to `upto`; without them, those from the first or to the last one."""

    after: Key | None
    upto: Key | None

    def of(self, relation: str, key: Sequence[str]) -> str:
        """The rows of `relation` whose columns `key` lie in the range; for a statement that is given `parameters`."""
        conditions = ["true"]
        if self.after is not None:
            conditions.append(_is_behind(key, "after"))
        if self.upto is not None:
            conditions.append(f"NOT {_is_behind(key, 'upto')}")
        return f"(FROM {relation} WHERE {' AND '.join(conditions)})"

    @property
    def parameters(self) -> dict[str, str]:
        """What the relations of `of` refer to."""
        ends = {"after": self.after or (), "upto": self.upto or ()}
        return {f"{end}{number}": value for end, key in ends.items() for number, value in enumerate(key)}


def ranges(connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[str]) -> Iterator[Range]:
    """Ranges of the columns `key`, all of text, that together hold every key there can be, ascending; those of a table
    of N rows are about N / ROWS, equally full as far as a sample tells."""
    [(rows,)] = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    count = rows // ROWS + 1
    for after, upto in pairwise([None, *_cuts(connection, table, ", ".join(key), count), None]):
        yield Range(after, upto)


def _cuts(connection: duckdb.DuckDBPyConnection, table: str, columns: str, count: int) -> list[Key]:
    if count == 1:
        return []
    sample = f"SELECT {columns} FROM {table} USING SAMPLE reservoir({count * SAMPLE} ROWS) REPEATABLE ({_SEED})"
    keys = connection.execute(f"FROM ({sample}) ORDER BY ALL").fetchall()
    return list(dict.fromkeys(keys[SAMPLE::SAMPLE]))


def _is_behind(key: Sequence[str], end: str) -> str:
    """Whether `key` comes after the parameters called `end`, the columns compared one after the other."""
    condition = "false"
    for number, column in reversed(list(enumerate(key))):
        parameter = f"${end}{number}"
        condition = f"({column} > {parameter} OR ({column} = {parameter} AND {condition}))"
    return condition
