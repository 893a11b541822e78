"""What was recorded of some things, from their first revision on, and how far other stores were followed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

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

_PROJECT = 'sequence, position, "at", id, action, name, description, archived'
_VERSION = (
    'sequence, position, "at", project, domain, name, version, action, revision, digest, fingerprint, function_name, '
    "short_name, environment, env_description, short_description, org, deployed_by, deployed_triggers, deleted"
)
_TRIGGER = (
    'sequence, position, "at", project, domain, task_name, action, revision, task_version, paused, definition, "by", '
    "deleted"
)


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


def past(connection: duckdb.DuckDBPyConnection, subjects: Subjects, upto: int | None = None) -> list[Change]:
    """Every change of each of `subjects` up to entry `upto` (else all), in journal order.

    `at` is set wherever the fact has that field: when the change happened, here or elsewhere.
    """
    places: list[tuple[int, int, Change]] = []
    projects, versions = subjects.projects, subjects.versions
    for row in matching(connection, _PROJECT, "project_revisions", "id", projects):
        places.append(_placed(row, to_project))
    for row in matching(connection, _VERSION, "task_revisions", "project, domain, name, version", versions):
        places.append(_placed(row, to_version))
    triggers = [_TriggerKey(task.project, task.domain, task.name, name) for task, name in subjects.triggers]
    for row in matching(connection, _TRIGGER, "trigger_revisions", "project, domain, task_name, name", triggers):
        places.append(_placed(row, to_trigger))
    digests = {str(digest) for digest in subjects.specs}
    for sequence, position, digest, size in matching(
        connection, "sequence, position, digest, size", "specs", "digest", digests
    ):
        places.append((sequence, position, SpecChange(digest=Digest.parse(digest), size=size)))
    blobs = matching(connection, "sequence, position, name, digest, size, media_type", "blobs", "name", subjects.blobs)
    for sequence, position, name, digest, size, media_type in blobs:
        change = BlobChange(name=name, digest=Digest.parse(digest), size=size, media_type=media_type)
        places.append((sequence, position, change))
    places.sort(key=lambda place: place[:2])
    return [change for sequence, _, change in places if upto is None or sequence <= upto]


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


def _placed(row: tuple[Any, ...], to_change: Callable[[tuple[Any, ...]], Any]) -> tuple[int, int, Change]:
    sequence, position, at, *columns = row
    return sequence, position, msgspec.structs.replace(to_change(tuple(columns)), at=aware(at))
