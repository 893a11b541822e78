"""Deploying an earlier version again, as new facts: its specification and the triggers that it was deployed with."""

from __future__ import annotations

import msgspec
from duckdb import DuckDBPyConnection

from taskstore.cas import BlobStore
from taskstore.errors import TaskNotFoundError
from taskstore.index import current, trigger_definitions
from taskstore.journal.changes import TaskAction, TaskChange
from taskstore.plan.deploy import Planned, plan_task
from taskstore.plan.outcome import Outcome
from taskstore.plan.policy import Policy
from taskstore.plan.prepare import PreparedTask
from taskstore.plan.state import State
from taskstore.store.commit import Committer, Decision
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId


class RollbackResult(msgspec.Struct, frozen=True):
    """What a rollback came to; `sequence` is the journal entry that recorded it, None when it was so already."""

    outcome: Outcome
    task: TaskId
    digest: Digest
    revision: int
    sequence: int | None


def rollback(committer: Committer, blobs: BlobStore, policy: Policy, task_id: TaskId, by: str) -> RollbackResult:
    """Make `task_id` what its task's triggers start, as it was when it was last deployed.

    Raises TaskNotFoundError, ProjectArchivedError, BlobDamagedError.
    """
    decided: list[tuple[Planned, Digest]] = []

    def decide(connection: DuckDBPyConnection) -> Decision:
        state = State.of(current(connection, {task_id.project}, {task_id}, {task_id.task}))
        version = state.versions.get(task_id)
        if version is None:
            raise TaskNotFoundError(
                f"there is no {task_id}", hint=f"`taskstore versions {task_id.task}` names those there are"
            )
        document = _as_deployed(version, connection, blobs)
        planned = plan_task(document, state, policy, by, TaskAction.ROLLBACK)
        decided[:] = [(planned, document.digest)]
        return Decision(planned.changes)

    head = committer.commit(decide, by)
    [(planned, digest)] = decided
    return RollbackResult(planned.outcome, task_id, digest, planned.revision, head.sequence if head else None)


def _as_deployed(version: TaskChange, connection: DuckDBPyConnection, blobs: BlobStore) -> PreparedTask:
    return PreparedTask(
        task_id=version.task_id,
        org=version.org,
        spec=blobs.get(version.digest),
        digest=version.digest,
        fingerprint=version.fingerprint,
        metadata=version.metadata,
        triggers=trigger_definitions(connection, version.task_id.task, version.triggers),
        warnings=(),
    )
