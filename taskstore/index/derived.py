"""The current tables as they follow from a history of any length: in ranges of their keys, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import msgspec

from taskstore.index import projection, schema
from taskstore.index.ranges import Range, ranges

_STARTED = ("project", "domain", "task_name", "task_version")
"""Which version a trigger starts."""


class Part(msgspec.Struct, frozen=True):
    """The rows of the current table `table` in a range of its keys: as they are `found`, and as they are `expected` of
    the tables that it follows from. Both are SELECTs of the same columns, with `parameters`."""

    table: schema.Keyed
    found: str
    expected: str
    parameters: dict[str, str]


def parts(connection: duckdb.DuckDBPyConnection, upto: int) -> Iterator[Part]:
    """All of the current tables as of entry `upto`, in an order in which each can be filled from those before it."""
    task_revisions = projection.until(schema.TASK_REVISIONS.name, upto)
    trigger_revisions = projection.until(schema.TRIGGER_REVISIONS.name, upto)

    def triggers(part: Range) -> str:
        return projection.triggers(part.of(trigger_revisions, schema.TRIGGERS.key))

    def versions(part: Range) -> str:
        of_range = projection.versions(part.of(task_revisions, schema.TASK_VERSIONS.key))
        return projection.summarised(f"({of_range})", part.of(schema.TRIGGERS.name, _STARTED))

    def tasks(part: Range) -> str:
        return projection.newest(part.of(schema.TASK_VERSIONS.name, schema.TASKS.key))

    yield from _parts(connection, schema.TRIGGERS, schema.TRIGGER_REVISIONS, triggers)
    yield from _parts(connection, schema.TASK_VERSIONS, schema.TASK_REVISIONS, versions)
    yield from _parts(connection, schema.TASKS, schema.TASK_VERSIONS, tasks)


def _parts(
    connection: duckdb.DuckDBPyConnection, table: schema.Keyed, source: schema.Table, rows: Callable[[Range], str]
) -> Iterator[Part]:
    columns = ", ".join(f'"{name}"' for name in table.columns)
    for part in ranges(connection, source.name, table.key):
        found = f"SELECT {columns} FROM {part.of(table.name, table.key)}"
        yield Part(table, found, f"SELECT {columns} FROM ({rows(part)})", part.parameters)
