"""A journal's changes as rows of the history tables, just as they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, assert_never

import duckdb
import msgspec

from taskstore.index import schema
from taskstore.index.schedules import describe
from taskstore.journal.changes import (
    BlobChange,
    Change,
    OriginChange,
    ProjectChange,
    SourceChange,
    SpecChange,
    TaskChange,
    TriggerChange,
)
from taskstore.journal.entry import Entry
from taskstore_specs.digest import Digest

Row = tuple[Any, ...]
Place = tuple[int, int]

ROWS_PER_STATEMENT = 20_000
"""How many rows one INSERT takes, which bounds the memory of its parameters."""

_json = msgspec.json.Encoder(order="sorted")


def append(connection: duckdb.DuckDBPyConnection, table: schema.Table, rows: Sequence[Row]) -> None:
    """Append rows to a table."""
    appender = connection.appender(table.name)
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        appender.append_rows(rows[start : start + ROWS_PER_STATEMENT])
        appender.flush()


def rows_of(entries: Iterable[tuple[Entry, Digest]]) -> defaultdict[str, list[Row]]:
    """What the history tables hold of the entries: by the table's name its rows, in journal order."""
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    for entry, digest in entries:
        committed_at = naive(entry.committed_at)
        rows[schema.JOURNAL.name].append(
            (entry.sequence, str(digest), committed_at, entry.committed_by, len(entry.changes))
        )
        for position, change in enumerate(entry.changes):
            table, row = _row((entry.sequence, position), change, committed_at)
            rows[table.name].append(row)
    return rows


def naive(moment: datetime) -> datetime:
    """An aware time as the index holds it: UTC, without its zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def aware(moment: datetime) -> datetime:
    """A time out of the index as an aware one."""
    return moment.replace(tzinfo=UTC)


def encode_definition(change: TriggerChange) -> str:
    """The trigger as a manifest has it, for the `definition` column."""
    return _json.encode(change.trigger).decode()


def _row(place: Place, change: Change, committed_at: datetime) -> tuple[schema.Table, Row]:
    match change:
        case TaskChange():
            return schema.TASK_REVISIONS, _task_row(place, change, committed_at)
        case TriggerChange():
            return schema.TRIGGER_REVISIONS, _trigger_row(place, change, committed_at)
        case ProjectChange():
            return schema.PROJECT_REVISIONS, _project_row(place, change, committed_at)
        case SpecChange():
            return schema.SPECS, (*place, str(change.digest), change.size, committed_at)
        case SourceChange():
            return schema.SOURCES, (*place, change.path, str(change.digest), committed_at)
        case BlobChange():
            return schema.BLOBS, (*place, change.name, str(change.digest), change.size, change.media_type, committed_at)
        case OriginChange():
            row = (*place, change.store_id, change.scope, change.sequence, str(change.digest), committed_at)
            return schema.ORIGINS, row
    assert_never(change)


def _project_row(place: Place, change: ProjectChange, committed_at: datetime) -> Row:
    at = committed_at if change.at is None else naive(change.at)
    return (*place, change.id, change.action.value, change.name, change.description, change.archived, at)


def _task_row(place: Place, change: TaskChange, committed_at: datetime) -> Row:
    metadata = change.metadata
    return (
        *place,
        change.project,
        change.domain,
        change.name,
        change.version,
        change.action.value,
        change.revision,
        str(change.digest),
        str(change.fingerprint),
        metadata.function_name,
        metadata.short_name,
        metadata.environment,
        metadata.env_description,
        metadata.short_description,
        change.org,
        change.deployed_by,
        _json.encode(change.triggers).decode() if change.triggers else "",
        change.deleted,
        committed_at if change.at is None else naive(change.at),
    )


def _trigger_row(place: Place, change: TriggerChange, committed_at: datetime) -> Row:
    trigger = change.trigger
    return (
        *place,
        change.project,
        change.domain,
        change.task_name,
        trigger.name,
        change.action.value,
        change.revision,
        change.task_version,
        trigger.spec.active,
        change.paused,
        trigger.automation_spec.type.value,
        describe(trigger.automation_spec),
        trigger.spec.description,
        encode_definition(change),
        change.by,
        change.deleted,
        committed_at if change.at is None else naive(change.at),
    )
