"""How a trigger changes: by a deploy of its task, by a deploy of its own, by an operator.

Every function returns the new facts and changes nothing. Revisions count up by one; a soft-deleted trigger that comes
back goes on counting; `paused` is an operator's hold and is carried through everything but `resume`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from taskstore.errors import RevisionConflictError, TriggerNotFoundError
from taskstore.journal.changes import TriggerAction, TriggerChange
from taskstore_specs.identity import TaskId, TaskName
from taskstore_specs.models import Trigger

Existing = Mapping[str, TriggerChange]
"""Every trigger of one task by name, soft-deleted ones too."""


def replace_set(task_id: TaskId, wanted: Iterable[Trigger], existing: Existing, by: str) -> list[TriggerChange]:
    """The set of `task_id`'s task becomes `wanted`, which may be empty: what is not in it is soft-deleted."""
    changes = [change for trigger in wanted if (change := deploy(task_id, trigger, existing, by))]
    kept = {trigger.name for trigger in wanted}
    gone = sorted(name for name, trigger in existing.items() if name not in kept and not trigger.deleted)
    return changes + [_delete(existing[name], by) for name in gone]


def deploy(
    task_id: TaskId, trigger: Trigger, existing: Existing, by: str, expected_revision: int | None = None
) -> TriggerChange | None:
    """`trigger` as `task_id`'s; None when it is that already.

    Raises RevisionConflictError when `expected_revision` (0: there is none yet) is given and is not its revision.
    """
    current = existing.get(trigger.name)
    revision = current.revision if current else 0
    if expected_revision is not None and expected_revision != revision:
        raise RevisionConflictError(
            f"trigger {trigger.name!r} of {task_id.task} has revision {revision}, not {expected_revision}",
            hint="it was modified concurrently: fetch the latest and retry",
        )
    if (
        current is not None
        and not current.deleted
        and current.trigger == trigger
        and current.task_version == task_id.version
    ):
        return None
    return TriggerChange(
        action=TriggerAction.DEPLOY,
        project=task_id.project,
        domain=task_id.domain,
        task_name=task_id.name,
        task_version=task_id.version,
        revision=revision + 1,
        trigger=trigger,
        paused=current.paused if current else False,
        by=by,
    )


def operate(
    action: TriggerAction, task: TaskName, names: Sequence[str], existing: Existing, by: str
) -> list[TriggerChange]:
    """`action` on each named trigger, all or none; those already so are left alone.

    Raises TriggerNotFoundError when one is not there or is deleted.
    """
    changes = []
    for name in dict.fromkeys(names):
        current = existing.get(name)
        if current is None or current.deleted:
            raise TriggerNotFoundError(f"{task} has no trigger {name!r}", hint=_known(existing))
        change = _operated(action, current, by)
        if change is not None:
            changes.append(change)
    return changes


def _operated(action: TriggerAction, current: TriggerChange, by: str) -> TriggerChange | None:
    match action:
        case TriggerAction.ACTIVATE | TriggerAction.DEACTIVATE:
            active = action is TriggerAction.ACTIVATE
            return None if current.trigger.spec.active is active else _set_active(current, active, action, by)
        case TriggerAction.PAUSE | TriggerAction.RESUME:
            paused = action is TriggerAction.PAUSE
            return None if current.paused is paused else _next(current, action, by, paused=paused)
        case TriggerAction.DELETE:
            return _delete(current, by)
        case TriggerAction.DEPLOY:
            raise ValueError("a deploy needs a definition; use deploy()")


def _delete(current: TriggerChange, by: str) -> TriggerChange:
    return msgspec.structs.replace(_set_active(current, False, TriggerAction.DELETE, by), deleted=True)


def _set_active(current: TriggerChange, active: bool, action: TriggerAction, by: str) -> TriggerChange:
    spec = msgspec.structs.replace(current.trigger.spec, active=active)
    return _next(current, action, by, trigger=msgspec.structs.replace(current.trigger, spec=spec))


def _next(current: TriggerChange, action: TriggerAction, by: str, **changed: object) -> TriggerChange:
    return msgspec.structs.replace(current, action=action, revision=current.revision + 1, by=by, at=None, **changed)


def _known(existing: Existing) -> str:
    live = sorted(name for name, trigger in existing.items() if not trigger.deleted)
    return f"its triggers are {', '.join(live)}" if live else "it has no triggers"
