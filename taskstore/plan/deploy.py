"""Deploying: from prepared requests and the state they touch to facts. Pure: no disk, no clock, no randomness.

All of the semantics of `specs/semantics.md`, "Deploy" and "Triggers at deploy", stand here and in `triggers`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from taskstore.errors import ConflictError, TaskstoreError, VersionConflictError
from taskstore.journal.changes import Change, ProjectAction, TaskAction, TaskChange
from taskstore.plan import triggers as trigger_plan
from taskstore.plan.outcome import Outcome
from taskstore.plan.policy import Policy, ProjectPolicy, VersionPolicy
from taskstore.plan.prepare import Prepared, PreparedTask
from taskstore.plan.projects import create, require_in_use
from taskstore.plan.state import State
from taskstore_specs.models import CreateProject


class Planned(msgspec.Struct, frozen=True, gc=False):
    """What a document comes to: its outcome, the version's revision after it (0 for a project), and the new facts."""

    outcome: Outcome
    revision: int
    changes: tuple[Change, ...]


class Refused(msgspec.Struct, frozen=True):
    """A transaction that cannot be: which of its documents stands in the way, counted from 0, and why."""

    document: int
    error: TaskstoreError


def plan(
    transactions: Sequence[Sequence[Prepared]], state: State, policy: Policy, by: str
) -> list[tuple[Planned, ...] | Refused]:
    """Decide each transaction in turn, each seeing what those before it came to; a refused one leaves no trace."""
    seen = state.copy()
    results: list[tuple[Planned, ...] | Refused] = []
    for transaction in transactions:
        result = _plan_transaction(transaction, seen, policy, by)
        results.append(result)
        if not isinstance(result, Refused):
            for planned in result:
                for change in planned.changes:
                    seen.apply(change)
    return results


def _plan_transaction(
    documents: Sequence[Prepared], state: State, policy: Policy, by: str
) -> tuple[Planned, ...] | Refused:
    # A single document, the common case, needs no state of its own: it sees nothing of itself.
    own = state if len(documents) == 1 else state.copy()
    seen: set[object] = set()
    planned: list[Planned] = []
    for number, document in enumerate(documents):
        try:
            _check_named_once(document, seen)
            result = _plan_document(document, own, policy, by)
        except TaskstoreError as error:
            return Refused(number, error)
        planned.append(result)
        if own is not state:
            for change in result.changes:
                own.apply(change)
    return tuple(planned)


def _check_named_once(document: Prepared, seen: set[object]) -> None:
    key = document.task_id if isinstance(document, PreparedTask) else document.project.id
    if key in seen:
        raise ConflictError(f"{key} is in this file twice", hint="keep one of the two documents")
    seen.add(key)


def _plan_document(document: Prepared, state: State, policy: Policy, by: str) -> Planned:
    if isinstance(document, CreateProject):
        return _plan_project(document, state)
    return plan_task(document, state, policy, by, TaskAction.DEPLOY)


def _plan_project(request: CreateProject, state: State) -> Planned:
    project = request.project
    current = state.projects.get(project.id)
    wanted = create(project.id, project.name, project.description, None)
    if current is None:
        return Planned(Outcome.CREATED, 0, (wanted,))
    require_in_use(project.id, current)
    if (current.name, current.description) == (wanted.name, wanted.description):
        return Planned(Outcome.UNCHANGED, 0, ())
    return Planned(Outcome.UPDATED, 0, (msgspec.structs.replace(wanted, action=ProjectAction.UPDATE),))


def plan_task(document: PreparedTask, state: State, policy: Policy, by: str, action: TaskAction) -> Planned:
    """Deploy (or roll back to) one task version: its spec and its whole set of triggers.

    Raises ProjectNotFoundError, ProjectArchivedError, VersionConflictError.
    """
    changes: list[Change] = _require_project(document.task_id.project, state, policy)
    current = state.versions.get(document.task_id)
    if current is not None and policy.versions is VersionPolicy.IMMUTABLE and current.digest != document.digest:
        raise VersionConflictError(str(document.task_id), current.digest, document.digest)
    existing = state.triggers_of(document.task_id.task)
    moved = trigger_plan.replace_set(document.task_id, document.triggers, existing, by)
    if current is not None and not moved and not current.deleted and current.digest == document.digest:
        return Planned(Outcome.UNCHANGED, current.revision, ())
    revision = current.revision + 1 if current else 1
    revisions = {name: trigger.revision for name, trigger in existing.items()}
    revisions.update({trigger.trigger.name: trigger.revision for trigger in moved})
    changes.append(
        TaskChange(
            action=action,
            project=document.task_id.project,
            domain=document.task_id.domain,
            name=document.task_id.name,
            version=document.task_id.version,
            revision=revision,
            digest=document.digest,
            fingerprint=document.fingerprint,
            metadata=document.metadata,
            org=document.org,
            deployed_by=by,
            triggers={trigger.name: revisions[trigger.name] for trigger in document.triggers},
        )
    )
    outcome = Outcome.UPDATED if current else Outcome.CREATED
    return Planned(outcome, revision, (*changes, *moved))


def _require_project(project: str, state: State, policy: Policy) -> list[Change]:
    current = state.projects.get(project)
    if current is None and policy.projects is ProjectPolicy.AUTO:
        return [create(project, "", "", None)]
    require_in_use(project, current)
    return []
