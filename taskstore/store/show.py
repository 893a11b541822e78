"""One thing and all that is known of it; and the state of the store as a whole."""

from __future__ import annotations

from datetime import datetime

import msgspec
from duckdb import DuckDBPyConnection

from taskstore.cas import BlobStore
from taskstore.errors import TaskNotFoundError, TriggerNotFoundError
from taskstore.index import queries
from taskstore.index.queries import (
    TaskDetail,
    TaskRevisionRow,
    TriggerDetail,
    TriggerQuery,
    TriggerRevisionRow,
    VersionPage,
    VersionQuery,
    find_trigger,
    find_version,
    nearest_task,
    task_history,
    trigger_details,
    trigger_history,
)
from taskstore.plan.diff import Differences, diff
from taskstore.store.health import DaemonStatus
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId, TaskName

AsOf = int | datetime | None
"""A journal entry's number, or an aware time; None is now."""


class TaskDetails(msgspec.Struct, frozen=True):
    """Everything about one version: what lists say of it and more, the triggers that start it, and the exact bytes of
    its specification (canonical JSON)."""

    task: TaskDetail
    spec: bytes
    triggers: tuple[TriggerDetail, ...]


class TaskRevision(TaskRevisionRow, frozen=True):
    """One change of a version, and what of it that changed: `created`, `specification`, `triggers`, `deleted`,
    `undeleted`."""

    changed: tuple[str, ...]


class Comparison(msgspec.Struct, frozen=True):
    """How one version's specification differs from another's. `only_version_changed`: their fingerprints are equal, so
    what differs is the version's own stamp."""

    differences: Differences
    only_version_changed: bool


class StoreStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a store. `sequence` and `digest` are the journal's head; noted elsewhere, they prove later that
    the history up to it is unaltered. `index_lag` is how many entries the index was behind; sizes are bytes.
    `daemons` has an item for each inbox that was ever watched.
    """

    store: str
    store_id: str
    sequence: int
    digest: Digest
    committed_at: datetime | None
    projects: int
    tasks: int
    versions: int
    triggers: int
    specs: int
    index_bytes: int
    index_lag: int
    daemons: tuple[DaemonStatus, ...]


def show_task(
    connection: DuckDBPyConnection,
    blobs: BlobStore,
    task: TaskName,
    version: str | None,
    revision: int | None,
    as_of: AsOf,
) -> TaskDetails:
    """A version of `task`, the newest when None, as it is, was at `as_of`, or with the content of an old `revision`.

    Raises TaskNotFoundError, BlobDamagedError.
    """
    found = find_version(connection, task, version, as_of=as_of)
    if found is None:
        raise _no_task(connection, task, version)
    if revision is not None:
        found = _at_revision(connection, task, found, revision)
    query = TriggerQuery(
        project=task.project, domain=task.domain, task_name=task.name, task_version=found.version, as_of=as_of
    )
    return TaskDetails(found, blobs.get(found.digest), trigger_details(connection, query))


def show_history(connection: DuckDBPyConnection, task: TaskName, version: str | None) -> tuple[TaskRevision, ...]:
    """Every change of `task`, or of one version of it, newest first. Raises TaskNotFoundError."""
    rows = task_history(connection, task, version)
    if not rows:
        raise _no_task(connection, task, version)
    earlier: dict[str, TaskRevisionRow] = {}
    revisions = []
    for row in reversed(rows):
        changed = _changed(earlier.get(row.version), row)
        revisions.append(TaskRevision(**msgspec.structs.asdict(row), changed=changed))
        earlier[row.version] = row
    return tuple(reversed(revisions))


def compare(connection: DuckDBPyConnection, blobs: BlobStore, before: TaskId, after: TaskId) -> Comparison:
    """How the specification of `after` differs from that of `before`. Raises TaskNotFoundError, BlobDamagedError."""
    old, new = (show_task(connection, blobs, each.task, each.version, None, None) for each in (before, after))
    return Comparison(
        diff(msgspec.json.decode(old.spec), msgspec.json.decode(new.spec)),
        old.task.fingerprint == new.task.fingerprint and old.task.digest != new.task.digest,
    )


def list_versions(connection: DuckDBPyConnection, query: VersionQuery) -> VersionPage:
    """A page of a task's versions, newest first. Raises TaskNotFoundError if it never had any, InvalidQueryError."""
    page = queries.list_versions(connection, query)
    if not page.total and not task_history(connection, query.task):
        raise _no_task(connection, query.task, None)
    return page


def show_trigger(connection: DuckDBPyConnection, task: TaskName, name: str, as_of: AsOf) -> TriggerDetail:
    """A trigger of `task`, deleted or not. Raises TriggerNotFoundError."""
    found = find_trigger(connection, task, name, as_of=as_of)
    if found is None:
        raise _no_trigger(connection, task, name)
    return found


def show_trigger_revision(
    connection: DuckDBPyConnection, task: TaskName, name: str, revision: int
) -> TriggerRevisionRow:
    """A trigger of `task` as it was at `revision`. Raises TriggerNotFoundError."""
    rows = show_trigger_history(connection, task, name)
    for row in rows:
        if row.revision == revision:
            return row
    raise TriggerNotFoundError(
        f"trigger {name!r} of {task} has no revision {revision}", hint=f"it has revisions 1 to {rows[0].revision}"
    )


def show_trigger_history(connection: DuckDBPyConnection, task: TaskName, name: str) -> tuple[TriggerRevisionRow, ...]:
    """Every revision of a trigger, newest first. Raises TriggerNotFoundError."""
    rows = trigger_history(connection, task, name)
    if not rows:
        raise _no_trigger(connection, task, name)
    return rows


def _at_revision(connection: DuckDBPyConnection, task: TaskName, current: TaskDetail, revision: int) -> TaskDetail:
    rows = task_history(connection, task, current.version)
    for row in rows:
        if row.revision == revision:
            shared = {
                field: getattr(row, field) for field in row.__struct_fields__ if field in current.__struct_fields__
            }
            return msgspec.structs.replace(
                current, **shared, updated_at=row.at, deleted_at=row.at if row.deleted else None
            )
    raise TaskNotFoundError(
        f"{task.at(current.version)} has no revision {revision}", hint=f"it has revisions 1 to {rows[0].revision}"
    )


def _changed(before: TaskRevisionRow | None, after: TaskRevisionRow) -> tuple[str, ...]:
    if before is None:
        return ("created",)
    changed = []
    if before.digest != after.digest:
        changed.append("specification")
    if before.deployed_triggers != after.deployed_triggers:
        changed.append("triggers")
    if before.deleted != after.deleted:
        changed.append("deleted" if after.deleted else "undeleted")
    return tuple(changed)


def _no_task(connection: DuckDBPyConnection, task: TaskName, version: str | None) -> TaskNotFoundError:
    newest = find_version(connection, task)
    if newest is not None or task_history(connection, task):
        known = f"its newest version is {newest.version}" if newest else "all its versions are deleted"
        address = f"{task}@{version}" if version else str(task)
        return TaskNotFoundError(f"there is no {address}", hint=f"{known}; `taskstore versions {task}` lists them")
    near = nearest_task(connection, task)
    return TaskNotFoundError(
        f"there is no {task}", hint=f"did you mean {near}?" if near else "`taskstore list` names them"
    )


def _no_trigger(connection: DuckDBPyConnection, task: TaskName, name: str) -> TaskNotFoundError | TriggerNotFoundError:
    if not task_history(connection, task):
        return _no_task(connection, task, None)
    query = TriggerQuery(project=task.project, domain=task.domain, task_name=task.name)
    names = [row.name for row in trigger_details(connection, query)]
    hint = f"its triggers are {', '.join(names)}" if names else "it has none"
    return TriggerNotFoundError(f"{task} has no trigger {name!r}", hint=hint)
