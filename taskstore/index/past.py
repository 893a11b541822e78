"""What was recorded of some things, from their first revision on, and how far other stores were followed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import duckdb
import msgspec

from taskstore.index.apply import head as applied_head
from taskstore.index.history import aware
from taskstore.index.state import matching, to_project, to_trigger, to_version
from taskstore.journal.changes import (
    BlobChange,
    Change,
    OriginChange,
    ProjectChange,
    SpecChange,
    TaskChange,
    TriggerChange,
)
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId, TaskName

_PROJECT = "id, action, name, description, archived"
_VERSION = (
    "project, domain, name, version, action, revision, digest, fingerprint, function_name, short_name, environment, "
    "env_description, short_description, org, deployed_by, deployed_triggers, deleted"
)
_TRIGGER = 'project, domain, task_name, action, revision, task_version, paused, definition, "by", deleted'


class Past(NamedTuple):
    """A change as it was recorded: `at` is set wherever the fact has that field. `own` if it came from no bundle."""

    change: Change
    own: bool


class Subjects(msgspec.Struct, frozen=True):
    """Things that facts are about, whatever the facts say: triggers stand for themselves as (task, name)."""

    projects: frozenset[str]
    versions: frozenset[TaskId]
    triggers: frozenset[tuple[TaskName, str]]
    specs: frozenset[Digest]
    blobs: frozenset[str]

    @classmethod
    def of(cls, changes: Iterable[Change]) -> Subjects:
        """What `changes` are about."""
        found: dict[type, set[Any]] = {kind: set() for kind in _KEYS}
        for change in changes:
            if type(change) in _KEYS:
                found[type(change)].add(_KEYS[type(change)](change))
        return cls(*(frozenset(keys) for keys in found.values()))


_KEYS: dict[type, Callable[[Any], Any]] = {
    ProjectChange: lambda change: change.id,
    TaskChange: lambda change: change.task_id,
    TriggerChange: lambda change: (change.task, change.trigger.name),
    SpecChange: lambda change: change.digest,
    BlobChange: lambda change: change.name,
}


def past(connection: duckdb.DuckDBPyConnection, subjects: Subjects, upto: int | None = None) -> list[Past]:
    """Every change of each of `subjects` up to entry `upto` (else all), in journal order."""
    triggers = [_TriggerKey(task.project, task.domain, task.name, name) for task, name in subjects.triggers]
    found = [
        *_revisions(connection, "project_revisions", _PROJECT, "id", subjects.projects, to_project),
        *_revisions(
            connection, "task_revisions", _VERSION, "project, domain, name, version", subjects.versions, to_version
        ),
        *_revisions(
            connection, "trigger_revisions", _TRIGGER, "project, domain, task_name, name", triggers, to_trigger
        ),
        *_specs(connection, subjects.specs),
        *_blobs(connection, subjects.blobs),
    ]
    found.sort(key=lambda item: item[:2])
    return [recorded for sequence, _, recorded in found if upto is None or sequence <= upto]


def origins(connection: duckdb.DuckDBPyConnection) -> list[OriginChange]:
    """How far each other store was followed in each scope, in order of store and scope."""
    query = """
        SELECT store_id, scope, arg_max(followed, (sequence, position)), arg_max(digest, (sequence, position))
        FROM origins GROUP BY ALL ORDER BY ALL
    """
    return [
        OriginChange(store_id=store_id, scope=scope, sequence=followed, digest=Digest.parse(digest))
        for store_id, scope, followed, digest in connection.execute(query).fetchall()
    ]


def applied(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of the last entry that the index took in, 0 before the first."""
    head = applied_head(connection)
    return head.sequence if head else 0


class _TriggerKey(msgspec.Struct, frozen=True, order=True):
    project: str
    domain: str
    task_name: str
    name: str


_Placed = tuple[int, int, Past]


def _revisions(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: str,
    key: str,
    wanted: Iterable[Any],
    to_change: Callable[[tuple[Any, ...]], Any],
) -> Iterator[_Placed]:
    own = f'"at" = (SELECT committed_at FROM journal WHERE journal.sequence = {table}.sequence)'
    rows = matching(connection, f'sequence, position, "at", {own}, {columns}', table, key, wanted)
    for sequence, position, at, is_own, *row in rows:
        change = msgspec.structs.replace(to_change(tuple(row)), at=aware(at))
        yield sequence, position, Past(change, is_own)


def _specs(connection: duckdb.DuckDBPyConnection, wanted: Iterable[Digest]) -> Iterator[_Placed]:
    rows = matching(connection, "sequence, position, digest, size", "specs", "digest", set(map(str, wanted)))
    for sequence, position, digest, size in rows:
        yield sequence, position, Past(SpecChange(digest=Digest.parse(digest), size=size), True)


def _blobs(connection: duckdb.DuckDBPyConnection, wanted: Iterable[str]) -> Iterator[_Placed]:
    rows = matching(connection, "sequence, position, name, digest, size, media_type", "blobs", "name", wanted)
    for sequence, position, name, digest, size, media_type in rows:
        change = BlobChange(name=name, digest=Digest.parse(digest), size=size, media_type=media_type)
        yield sequence, position, Past(change, True)
