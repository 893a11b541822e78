"""What operators do to what is deployed: triggers, versions, projects. Each a decision of `plan` and a commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from duckdb import DuckDBPyConnection

from taskstore.errors import TaskNotFoundError
from taskstore.index import current
from taskstore.journal.changes import Change, TriggerAction
from taskstore.plan import projects as project_plan
from taskstore.plan import triggers as trigger_plan
from taskstore.plan import versions as version_plan
from taskstore.plan.projects import require_in_use
from taskstore.plan.schedule import check_schedule
from taskstore.plan.state import State
from taskstore.store.commit import Committer, Decision
from taskstore_specs.identity import TaskId, TaskName
from taskstore_specs.models import Trigger


class OperateResult(msgspec.Struct, frozen=True):
    """What an operation came to: the facts it recorded, none when everything was so already, and the journal entry."""

    changes: tuple[Change, ...]
    sequence: int | None


def operate_triggers(
    committer: Committer, action: TriggerAction, task: TaskName, names: Sequence[str], by: str
) -> OperateResult:
    """`action` on the named triggers of `task`, all or none. Raises TriggerNotFoundError and as `require_in_use`."""

    def decide(state: State) -> Sequence[Change]:
        require_in_use(task.project, state.projects.get(task.project))
        return trigger_plan.operate(action, task, names, state.triggers_of(task), by)

    return _commit(committer, decide, by, project=task.project, task=task)


def deploy_trigger(
    committer: Committer, task_id: TaskId, trigger: Trigger, expected_revision: int | None, by: str
) -> OperateResult:
    """One trigger of a deployed version, beside the others. Raises TaskNotFoundError, RevisionConflictError."""
    if trigger.automation_spec.schedule is not None:
        check_schedule(trigger.automation_spec.schedule)

    def decide(state: State) -> Sequence[Change]:
        require_in_use(task_id.project, state.projects.get(task_id.project))
        version = state.versions.get(task_id)
        if version is None or version.deleted:
            raise TaskNotFoundError(f"there is no {task_id}", hint="deploy that version first")
        change = trigger_plan.deploy(task_id, trigger, state.triggers_of(task_id.task), by, expected_revision)
        return [change] if change else []

    return _commit(committer, decide, by, project=task_id.project, task=task_id.task, version=task_id)


def delete_version(committer: Committer, task_id: TaskId, by: str) -> OperateResult:
    """The version out of the lists. Raises TaskNotFoundError, and ConflictError while triggers start it."""

    def decide(state: State) -> Sequence[Change]:
        existing = state.triggers_of(task_id.task)
        change = version_plan.delete(task_id, state.versions.get(task_id), existing, by)
        return [change] if change else []

    return _commit(committer, decide, by, project=task_id.project, task=task_id.task, version=task_id)


def undelete_version(committer: Committer, task_id: TaskId, by: str) -> OperateResult:
    """The version back in the lists. Raises TaskNotFoundError."""

    def decide(state: State) -> Sequence[Change]:
        change = version_plan.undelete(task_id, state.versions.get(task_id), by)
        return [change] if change else []

    return _commit(committer, decide, by, project=task_id.project, version=task_id)


def create_project(committer: Committer, project: str, name: str, description: str, by: str) -> OperateResult:
    """A new project. Raises AlreadyExistsError."""

    def decide(state: State) -> Sequence[Change]:
        return [project_plan.create(project, name, description, state.projects.get(project))]

    return _commit(committer, decide, by, project=project)


def set_project_archived(committer: Committer, project: str, by: str, *, archived: bool) -> OperateResult:
    """The project archived, or back in use. Raises ProjectNotFoundError."""

    def decide(state: State) -> Sequence[Change]:
        change = project_plan.set_archived(project, state.projects.get(project), archived=archived)
        return [change] if change else []

    return _commit(committer, decide, by, project=project)


def _commit(
    committer: Committer,
    decide: Callable[[State], Sequence[Change]],
    by: str,
    *,
    project: str,
    task: TaskName | None = None,
    version: TaskId | None = None,
) -> OperateResult:
    changes: tuple[Change, ...] = ()

    def decide_on(connection: DuckDBPyConnection) -> Decision:
        nonlocal changes
        facts = current(
            connection,
            projects={project},
            versions={version} if version else set(),
            tasks={task} if task else set(),
        )
        changes = tuple(decide(State.of(facts)))
        return Decision(changes)

    head = committer.commit(decide_on, by)
    return OperateResult(changes, head.sequence if head else None)
