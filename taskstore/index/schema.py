"""The tables of the index: an append-only history, and what it comes to.

Every table is a projection of the journal and can be thrown away. The history tables hold one row for each change, in
journal order (`sequence` is the entry's number, `position` the change's place in it). The current tables hold one row
for each thing; `projection` says how they follow from the history. No table has an index of DuckDB's (ART): those have
been damaged by bugs as late as 2026, and scans of sorted columns are fast enough (ADR 0003).

Times are UTC, in TIMESTAMP: fetching TIMESTAMPTZ would need pytz. Texts that are absent are empty, so that every
column can be sorted and compared; only times that have not come (`deleted_at`) are null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from operator import itemgetter
from typing import Any

import msgspec

FORMAT = 3
"""Raised whenever the tables or their meaning change; an index of another format is rebuilt."""


class Table(msgspec.Struct, frozen=True):
    """A table: its name, and its columns with their types, in order."""

    name: str
    columns: dict[str, str]

    @property
    def create(self) -> str:
        """The statement that makes it."""
        columns = ", ".join(f'"{name}" {kind} {_null(name)}' for name, kind in self.columns.items())
        return f"CREATE TABLE {self.name} ({columns})"


class Keyed(Table, frozen=True):
    """A current table: one row a `key`, of which the first three columns say whose task it is."""

    key: tuple[str, ...]

    def key_of(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """The key of a row."""
        return getter(self.key)(row)


@cache
def getter(columns: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """What takes these columns, two or more, out of a row."""
    return itemgetter(*columns)


def _null(column: str) -> str:
    return "" if column in ("deleted_at", "committed_at") else "NOT NULL"


_PLACE = {"sequence": "BIGINT", "position": "INTEGER"}
_TASK = {"project": "VARCHAR", "domain": "VARCHAR", "name": "VARCHAR"}
_METADATA = {
    "function_name": "VARCHAR",
    "short_name": "VARCHAR",
    "environment": "VARCHAR",
    "env_description": "VARCHAR",
    "short_description": "VARCHAR",
}
_VERSION = {
    **_TASK,
    "version": "VARCHAR",
    "action": "VARCHAR",
    "revision": "BIGINT",
    "digest": "VARCHAR",
    "fingerprint": "VARCHAR",
    **_METADATA,
    "org": "VARCHAR",
    "deployed_by": "VARCHAR",
    "deployed_triggers": "VARCHAR",
}
_CURRENT_VERSION = {
    **_PLACE,
    **_VERSION,
    "created_at": "TIMESTAMP",
    "created_sequence": "BIGINT",
    "created_position": "INTEGER",
    "updated_at": "TIMESTAMP",
    "deleted_at": "TIMESTAMP",
    "total_triggers": "BIGINT",
    "active_triggers": "BIGINT",
    "trigger_name": "VARCHAR",
    "trigger_type": "VARCHAR",
}
_TRIGGER = {
    "project": "VARCHAR",
    "domain": "VARCHAR",
    "task_name": "VARCHAR",
    "name": "VARCHAR",
    "action": "VARCHAR",
    "revision": "BIGINT",
    "task_version": "VARCHAR",
    "active": "BOOLEAN",
    "paused": "BOOLEAN",
    "automation_type": "VARCHAR",
    "schedule": "VARCHAR",
    "description": "VARCHAR",
    "definition": "VARCHAR",
    "by": "VARCHAR",
}
_PROJECT = {"id": "VARCHAR", "action": "VARCHAR", "name": "VARCHAR", "description": "VARCHAR", "archived": "BOOLEAN"}

META = Table(
    "meta",
    {"format": "INTEGER", "sequence": "BIGINT", "digest": "VARCHAR", "committed_at": "TIMESTAMP", "unsorted": "BIGINT"},
)
"""One row: the format, the head of what was applied (an empty digest before the first entry), and how many rows of
`task_versions` were put behind those that are sorted by task."""

JOURNAL = Table(
    "journal",
    {
        "sequence": "BIGINT",
        "digest": "VARCHAR",
        "committed_at": "TIMESTAMP",
        "committed_by": "VARCHAR",
        "changes": "INTEGER",
    },
)
PROJECT_REVISIONS = Table("project_revisions", {**_PLACE, **_PROJECT, "at": "TIMESTAMP"})
TASK_REVISIONS = Table("task_revisions", {**_PLACE, **_VERSION, "deleted": "BOOLEAN", "at": "TIMESTAMP"})
TRIGGER_REVISIONS = Table("trigger_revisions", {**_PLACE, **_TRIGGER, "deleted": "BOOLEAN", "at": "TIMESTAMP"})
SPECS = Table("specs", {**_PLACE, "digest": "VARCHAR", "size": "BIGINT", "at": "TIMESTAMP"})
"""Specifications put alone."""
SOURCES = Table("sources", {**_PLACE, "path": "VARCHAR", "digest": "VARCHAR", "at": "TIMESTAMP"})
"""Watched files taken; the last row of a path counts."""

BLOBS = Table(
    "blobs",
    {
        **_PLACE,
        "name": "VARCHAR",
        "digest": "VARCHAR",
        "size": "BIGINT",
        "media_type": "VARCHAR",
        "at": "TIMESTAMP",
    },
)
"""What specifications and triggers refer to by name."""

ORIGINS = Table(
    "origins",
    {
        **_PLACE,
        "store_id": "VARCHAR",
        "scope": "VARCHAR",
        "followed": "BIGINT",
        "digest": "VARCHAR",
        "at": "TIMESTAMP",
    },
)
"""How far other stores were followed by their bundles."""

TASK_VERSIONS = Keyed("task_versions", _CURRENT_VERSION, ("project", "domain", "name", "version"))
TASKS = Keyed("tasks", _CURRENT_VERSION, ("project", "domain", "name"))
"""The newest version of each task that has one which is not deleted."""
TRIGGERS = Keyed(
    "triggers",
    {**_PLACE, **_TRIGGER, "deployed_at": "TIMESTAMP", "updated_at": "TIMESTAMP", "deleted_at": "TIMESTAMP"},
    ("project", "domain", "task_name", "name"),
)

TABLES = (
    META,
    JOURNAL,
    PROJECT_REVISIONS,
    TASK_REVISIONS,
    TRIGGER_REVISIONS,
    SPECS,
    SOURCES,
    BLOBS,
    ORIGINS,
    TASK_VERSIONS,
    TASKS,
    TRIGGERS,
)
