"""What a batch of changes makes of the rows of the current tables that it is about. Pure.

`projection` says the same in SQL, of a whole history at once; for the few rows of a deploy that would cost several
times as much. A property test holds the two equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, MutableMapping
from typing import Any

from taskstore.index import schema
from taskstore.journal.changes import TriggerAction

Record = dict[str, Any]
"""A row: its values by column."""
Key = tuple[str, ...]
"""The values of the columns that a row is found by."""
Records = MutableMapping[Key, Record]

_CREATED = ("created_at", "created_sequence", "created_position")


def task_of(row: Record) -> Key:
    """The task that a version or a trigger belongs to."""
    return row["project"], row["domain"], row["task_name"] if "task_name" in row else row["name"]


def fold_triggers(triggers: Records, revisions: Iterable[Record]) -> set[Key]:
    """Bring rows of `triggers` up to date with `trigger_revisions`; the versions that a trigger left or came to."""
    touched = set()
    for revision in revisions:
        key = schema.TRIGGERS.key_of(revision)
        before = triggers.get(key)
        after = triggers[key] = _trigger(before, revision)
        touched |= {(*task_of(row), row["task_version"]) for row in (before, after) if row}
    return touched


def fold_versions(versions: Records, revisions: Iterable[Record], triggers: Iterable[Record]) -> None:
    """Bring rows of `task_versions` up to date with `task_revisions`, and their counts with all that `triggers` are
    there for their tasks."""
    for revision in revisions:
        key = schema.TASK_VERSIONS.key_of(revision)
        versions[key] = _version(versions.get(key), revision)
    started = defaultdict(list)
    for trigger in triggers:
        if trigger["deleted_at"] is None:
            started[*task_of(trigger), trigger["task_version"]].append(trigger)
    for key, version in versions.items():
        versions[key] = version | _summary(started[key])


def newest(versions: Iterable[Record]) -> Record | None:
    """Of the versions of a task the newest that is not deleted: a row of `tasks`."""
    live = (version for version in versions if version["deleted_at"] is None)
    return max(live, key=lambda version: tuple(version[column] for column in _CREATED), default=None)


def _trigger(before: Record | None, revision: Record) -> Record:
    """What the times mean, `projection.triggers` says."""
    after = _state(revision) | {"deployed_at": revision["at"]}
    if before is not None:
        if revision["action"] != TriggerAction.DEPLOY.value:
            after["deployed_at"] = before["deployed_at"]
        if _activity(after) == _activity(before):
            after["updated_at"] = before["updated_at"]
    return after


def _version(before: Record | None, revision: Record) -> Record:
    created = (revision[name] for name in ("at", "sequence", "position"))
    first = before or dict(zip(_CREATED, created, strict=True))
    return _state(revision) | {column: first[column] for column in _CREATED}


def _state(revision: Record) -> Record:
    state = dict(revision)
    at = state["updated_at"] = state.pop("at")
    state["deleted_at"] = at if state.pop("deleted") else None
    return state


def _activity(trigger: Record) -> tuple[bool, bool, bool]:
    return trigger["active"], trigger["paused"], trigger["deleted_at"] is not None


def _summary(triggers: list[Record]) -> Record:
    only = triggers[0] if len(triggers) == 1 else {"name": "", "automation_type": ""}
    return {
        "total_triggers": len(triggers),
        "active_triggers": sum(trigger["active"] and not trigger["paused"] for trigger in triggers),
        "trigger_name": only["name"],
        "trigger_type": only["automation_type"],
    }
