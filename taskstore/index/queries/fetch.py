"""From rows of the database to Structs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, get_type_hints

import duckdb
import msgspec

from taskstore.index.history import aware
from taskstore_specs.digest import Digest
from taskstore_specs.models import Trigger

Row = TypeVar("Row", bound=msgspec.Struct)
Parameters = Mapping[str, Any]


def columns(kind: type[msgspec.Struct]) -> str:
    """The columns of `kind`, one for each of its fields, for a SELECT."""
    return ", ".join(f'"{name}"' for name in kind.__struct_fields__)


def fetch_all(
    connection: duckdb.DuckDBPyConnection, kind: type[Row], query: str, parameters: Parameters
) -> tuple[Row, ...]:
    """What `query`, which selects `columns(kind)`, finds."""
    return tuple(read_row(kind, row) for row in connection.execute(query, parameters).fetchall())


def fetch_one(connection: duckdb.DuckDBPyConnection, kind: type[Row], query: str, parameters: Parameters) -> Row | None:
    """The first row that `query` finds, if it finds any."""
    rows = fetch_all(connection, kind, f"{query} LIMIT 1", parameters)
    return rows[0] if rows else None


def read_row(kind: type[Row], row: Sequence[Any]) -> Row:
    """A row of the values of `columns(kind)` as a Struct."""
    values = zip(_readers(kind), row, strict=True)
    return kind(*[value if read is None else read(value) for read, value in values])


def fetch_number(connection: duckdb.DuckDBPyConnection, query: str, parameters: Parameters) -> int:
    """The one number that `query` finds."""
    [[number]] = connection.execute(query, parameters).fetchall()
    return int(number)


@cache
def _readers(kind: type[msgspec.Struct]) -> list[Callable[[Any], Any] | None]:
    hints = get_type_hints(kind)
    return [_reader(hints[name]) for name in kind.__struct_fields__]


def _reader(kind: Any) -> Callable[[Any], Any] | None:
    if kind is Digest:
        return Digest.parse
    if kind is datetime:
        return aware
    if kind == datetime | None:
        return lambda value: None if value is None else aware(value)
    if kind is Trigger:
        return msgspec.json.Decoder(Trigger).decode
    if kind == dict[str, int]:
        return lambda text: msgspec.json.decode(text, type=dict[str, int]) if text else {}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    return None
