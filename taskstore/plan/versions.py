"""Taking a task version out of the lists and back. Soft: nothing that was recorded goes away."""

from __future__ import annotations

import msgspec

from taskstore.errors import ConflictError, TaskNotFoundError
from taskstore.journal.changes import TaskAction, TaskChange
from taskstore.plan.triggers import Existing
from taskstore_specs.identity import TaskId


def delete(task_id: TaskId, current: TaskChange | None, existing: Existing, by: str) -> TaskChange | None:
    """The version soft-deleted; None when it is so already.

    Raises TaskNotFoundError, and ConflictError while triggers start the version: they would start something that no
    list shows.
    """
    found = _require(task_id, current)
    if found.deleted:
        return None
    held = sorted(
        name for name, trigger in existing.items() if trigger.task_version == task_id.version and not trigger.deleted
    )
    if held:
        raise ConflictError(
            f"{task_id} is what its triggers start: {', '.join(held)}",
            hint="delete those triggers, or deploy another version with them, first",
        )
    return _next(found, TaskAction.DELETE, by, deleted=True)


def undelete(task_id: TaskId, current: TaskChange | None, by: str) -> TaskChange | None:
    """The version back in the lists; None when it is there. Raises TaskNotFoundError."""
    found = _require(task_id, current)
    return _next(found, TaskAction.UNDELETE, by, deleted=False) if found.deleted else None


def _require(task_id: TaskId, current: TaskChange | None) -> TaskChange:
    if current is None:
        raise TaskNotFoundError(
            f"there is no {task_id}", hint=f"`taskstore versions {task_id.task}` names those there are"
        )
    return current


def _next(current: TaskChange, action: TaskAction, by: str, *, deleted: bool) -> TaskChange:
    return msgspec.structs.replace(
        current, action=action, revision=current.revision + 1, deployed_by=by, deleted=deleted, at=None
    )
