"""The latest facts about some things, as the changes that recorded them: what a plan decides on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

import duckdb
import msgspec

from taskstore.journal.changes import (
    BlobChange,
    Change,
    ProjectAction,
    ProjectChange,
    TaskAction,
    TaskChange,
    TaskMetadata,
    TriggerAction,
    TriggerChange,
)
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId, TaskName
from taskstore_specs.models import Trigger

_VERSION = (
    "project, domain, name, version, action, revision, digest, fingerprint, function_name, short_name, environment, "
    "env_description, short_description, org, deployed_by, deployed_triggers, deleted_at IS NOT NULL"
)
_TRIGGER = (
    'project, domain, task_name, action, revision, task_version, paused, definition, "by", deleted_at IS NOT NULL'
)


def current(
    connection: duckdb.DuckDBPyConnection, projects: Set[str], versions: Set[TaskId], tasks: Set[TaskName]
) -> list[Change]:
    """The latest change of each of `projects` and `versions` and of every trigger of `tasks`, deleted ones too.

    Without `at`: what follows from them happens when it is committed.
    """
    changes: list[Change] = []
    changes += map(
        to_project, matching(connection, "id, action, name, description, archived", "projects", "id", projects)
    )
    changes += map(
        to_version, matching(connection, _VERSION, "task_versions", "project, domain, name, version", versions)
    )
    changes += map(to_trigger, matching(connection, _TRIGGER, "triggers", "project, domain, task_name", tasks))
    return changes


def trigger_definitions(
    connection: duckdb.DuckDBPyConnection, task: TaskName, revisions: Mapping[str, int]
) -> tuple[Trigger, ...]:
    """The definitions that the triggers of `task` had at these revisions, by name."""
    query = """
        SELECT definition FROM trigger_revisions
        SEMI JOIN (SELECT unnest($names::VARCHAR[]) AS name, unnest($revisions::BIGINT[]) AS revision)
            USING (name, revision)
        WHERE project = $project AND domain = $domain AND task_name = $task_name ORDER BY name
    """
    scope = {"project": task.project, "domain": task.domain, "task_name": task.name}
    wanted = {"names": list(revisions), "revisions": list(revisions.values())}
    rows = connection.execute(query, {**scope, **wanted}).fetchall()
    return tuple(msgspec.json.decode(definition, type=Trigger) for (definition,) in rows)


def sources(connection: duckdb.DuckDBPyConnection, paths: Set[str]) -> dict[str, Digest]:
    """The digest that each of the watched files `paths` had when it was last taken; those never taken are left out."""
    query = """
        SELECT path, arg_max(digest, (sequence, position)) FROM sources
        WHERE path IN (SELECT unnest($paths::VARCHAR[])) GROUP BY path
    """
    rows = connection.execute(query, {"paths": sorted(paths)}).fetchall()
    return {path: Digest.parse(digest) for path, digest in rows}


def blob(connection: duckdb.DuckDBPyConnection, name: str) -> BlobChange | None:
    """The bytes that were stored under `name`."""
    query = "SELECT name, digest, size, media_type FROM blobs WHERE name = ? LIMIT 1"
    row = connection.execute(query, [name]).fetchone()
    return None if row is None else BlobChange(name=row[0], digest=Digest.parse(row[1]), size=row[2], media_type=row[3])


def is_named(connection: duckdb.DuckDBPyConnection, digest: Digest) -> bool:
    """Whether the journal names `digest` as a specification, of a task version at any time or put alone."""
    query = """
        SELECT EXISTS (FROM specs WHERE digest = $digest) OR EXISTS (FROM task_revisions WHERE digest = $digest)
    """
    row = connection.execute(query, {"digest": str(digest)}).fetchone()
    return row == (True,)


def matching(
    connection: duckdb.DuckDBPyConnection, columns: str, table: str, key: str, wanted: Iterable[Any]
) -> list[tuple[Any, ...]]:
    """The rows of `table` whose `key` columns are those of one of `wanted`: texts, or Structs of texts."""
    rows = [(item,) if isinstance(item, str) else msgspec.structs.astuple(item) for item in sorted(wanted)]
    if not rows:
        return []
    lists = ", ".join("unnest(?::VARCHAR[])" for _ in rows[0])
    query = f"SELECT {columns} FROM {table} SEMI JOIN (SELECT {lists}) AS wanted({key}) USING ({key})"
    return connection.execute(query, [list(column) for column in zip(*rows, strict=True)]).fetchall()


def to_project(row: tuple[Any, ...]) -> ProjectChange:
    """The fact in a row of `projects`: id, action, name, description, archived."""
    identity, action, name, description, archived = row
    return ProjectChange(
        action=ProjectAction(action), id=identity, name=name, description=description, archived=archived
    )


def to_version(row: tuple[Any, ...]) -> TaskChange:
    """The fact in a row of `task_versions`: the columns of _VERSION."""
    project, domain, name, version, action, revision, digest, fingerprint, *metadata, org, by, triggers, deleted = row
    return TaskChange(
        action=TaskAction(action),
        project=project,
        domain=domain,
        name=name,
        version=version,
        revision=revision,
        digest=Digest.parse(digest),
        fingerprint=Digest.parse(fingerprint),
        metadata=TaskMetadata(*metadata),
        org=org,
        deployed_by=by,
        triggers=msgspec.json.decode(triggers, type=dict[str, int]) if triggers else {},
        deleted=deleted,
    )


def to_trigger(row: tuple[Any, ...]) -> TriggerChange:
    """The fact in a row of `triggers`: the columns of _TRIGGER."""
    project, domain, task_name, action, revision, task_version, paused, definition, by, deleted = row
    return TriggerChange(
        action=TriggerAction(action),
        project=project,
        domain=domain,
        task_name=task_name,
        task_version=task_version,
        revision=revision,
        trigger=msgspec.json.decode(definition, type=Trigger),
        paused=paused,
        deleted=deleted,
        by=by,
    )
