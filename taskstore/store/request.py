"""A stored version as the request that deployed it, again."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from taskstore.cas import BlobStore
from taskstore.index import trigger_definitions
from taskstore.store.show import show_task
from taskstore_specs import decode_spec
from taskstore_specs.identity import TaskName
from taskstore_specs.models import DeployTask, TaskIdentifier


def export_request(connection: DuckDBPyConnection, blobs: BlobStore, task: TaskName, version: str | None) -> DeployTask:
    """What deploys `version` of `task` (the newest when None) as it was last deployed: its specification, and its
    triggers as they were then, by name.

    Raises TaskNotFoundError, BlobDamagedError.
    """
    details = show_task(connection, blobs, task, version, revision=None, as_of=None)
    found = details.task
    return DeployTask(
        task_id=TaskIdentifier(
            project=found.project, domain=found.domain, name=found.name, version=found.version, org=found.org
        ),
        spec=decode_spec(details.spec),
        triggers=trigger_definitions(connection, task, found.deployed_triggers),
    )
