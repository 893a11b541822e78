"""What operators do to what is deployed: triggers, versions, projects. Each a decision of `plan` and a commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set

import msgspec
from duckdb import DuckDBPyConnection

from taskstore.errors import TaskNotFoundError
from taskstore.index import current
from taskstore.journal.changes import Change, TriggerAction
from taskstore.plan import projects as project_plan
from taskstore.plan import triggers as trigger_plan
from taskstore.plan import versions as version_plan
from taskstore.plan.projects import require_in_use
from taskstore.plan.state import State
from taskstore.store.commit import Committer, Decision
from taskstore_specs.identity import TaskId, TaskName
from taskstore_specs.models import Trigger


class OperateResult(msgspec.Struct, frozen=True):
    """What an operation came to: the facts it recorded, none when everything was so already, and the journal entry."""

    changes: tuple[Change, ...]
    sequence: int | None

    @property
    def revision(self) -> int | None:
        """The revision that the version or trigger has now; None if nothing was recorded, and of a project."""
        return getattr(self.changes[0], "revision", None) if self.changes else None


def operate_triggers(
    committer: Committer, action: TriggerAction, wanted: Mapping[TaskName, Sequence[str]], by: str
) -> OperateResult:
    """`action` on the named triggers of each task, all or none. Raises TriggerNotFoundError and as `require_in_use`."""

    def decide(state: State) -> Sequence[Change]:
        changes: list[Change] = []
        for task, names in wanted.items():
            require_in_use(task.project, state.projects.get(task.project))
            changes += trigger_plan.operate(action, task, names, state.triggers_of(task), by)
        return changes

    projects = {task.project for task in wanted}
    return _commit(committer, decide, by, projects=projects, tasks=wanted.keys())


def deploy_trigger(
    committer: Committer, task_id: TaskId, trigger: Trigger, expected_revision: int | None, by: str
) -> OperateResult:
    """One trigger of a deployed version, beside the others. Raises TaskNotFoundError, RevisionConflictError."""
    if trigger.automation_spec.schedule is not None:
        from taskstore.plan.schedule import check_schedule

        check_schedule(trigger.automation_spec.schedule)

    def decide(state: State) -> Sequence[Change]:
        require_in_use(task_id.project, state.projects.get(task_id.project))
        version = state.versions.get(task_id)
        if version is None or version.deleted:
            raise TaskNotFoundError(f"there is no {task_id}", hint="deploy that version first")
        change = trigger_plan.deploy(task_id, trigger, state.triggers_of(task_id.task), by, expected_revision)
        return [change] if change else []

    return _commit(committer, decide, by, projects={task_id.project}, tasks={task_id.task}, versions={task_id})


def delete_version(committer: Committer, task_id: TaskId, by: str) -> OperateResult:
    """The version out of the lists. Raises TaskNotFoundError, and ConflictError while triggers start it."""

    def decide(state: State) -> Sequence[Change]:
        existing = state.triggers_of(task_id.task)
        change = version_plan.delete(task_id, state.versions.get(task_id), existing, by)
        return [change] if change else []

    return _commit(committer, decide, by, projects={task_id.project}, tasks={task_id.task}, versions={task_id})


def undelete_version(committer: Committer, task_id: TaskId, by: str) -> OperateResult:
    """The version back in the lists. Raises TaskNotFoundError."""

    def decide(state: State) -> Sequence[Change]:
        change = version_plan.undelete(task_id, state.versions.get(task_id), by)
        return [change] if change else []

    return _commit(committer, decide, by, projects={task_id.project}, versions={task_id})


def create_project(committer: Committer, project: str, name: str, description: str, by: str) -> OperateResult:
    """A new project. Raises AlreadyExistsError."""

    def decide(state: State) -> Sequence[Change]:
        return [project_plan.create(project, name, description, state.projects.get(project))]

    return _commit(committer, decide, by, projects={project})


def update_project(
    committer: Committer, project: str, name: str, description: str, by: str, *, archived: bool
) -> OperateResult:
    """The project as described, archived or in use. Raises ProjectNotFoundError."""

    def decide(state: State) -> Sequence[Change]:
        current = state.projects.get(project)
        change = project_plan.update(project, name, description, current, archived=archived)
        return [change] if change else []

    return _commit(committer, decide, by, projects={project})


def set_project_archived(committer: Committer, project: str, by: str, *, archived: bool) -> OperateResult:
    """The project archived, or back in use. Raises ProjectNotFoundError."""

    def decide(state: State) -> Sequence[Change]:
        change = project_plan.set_archived(project, state.projects.get(project), archived=archived)
        return [change] if change else []

    return _commit(committer, decide, by, projects={project})


def _commit(
    committer: Committer,
    decide: Callable[[State], Sequence[Change]],
    by: str,
    *,
    projects: Set[str],
    tasks: Set[TaskName] = frozenset(),
    versions: Set[TaskId] = frozenset(),
) -> OperateResult:
    changes: tuple[Change, ...] = ()

    def decide_on(connection: DuckDBPyConnection) -> Decision:
        nonlocal changes
        facts = current(connection, projects=projects, versions=versions, tasks=tasks)
        changes = tuple(decide(State.of(facts)))
        return Decision(changes)

    head = committer.commit(decide_on, by)
    return OperateResult(changes, head.sequence if head else None)
