"""Tasks, their versions and details, as `flyteidl2/task` has them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from flyteidl2.task.common_pb2 import TriggerAutomationSpec
from flyteidl2.task.task_definition_pb2 import (
    Task,
    TaskDetails,
    TaskIdentifier,
    TaskMetadata,
    TaskSpec,
    TaskTriggersSummary,
)
from flyteidl2.task.task_service_pb2 import ListVersionsResponse

from taskstore.flyte.messages import to_message
from taskstore.index.queries import TaskRow, VersionRow
from taskstore.store.show import TaskDetails as Details
from taskstore_daemon.serve.messages.common import to_identity, to_timestamp
from taskstore_specs.models import AutomationSpec

Automations = Mapping[str, AutomationSpec]
"""What makes the triggers of one task fire, by their names."""


def to_task(row: TaskRow, automations: Automations) -> Task:
    """A task in a list."""
    return Task(task_id=_task_id(row, org=""), metadata=_metadata(row, automations), task_summary={})


def to_task_details(details: Details) -> TaskDetails:
    """One version with its specification, equal to the message that was deployed."""
    automations = {trigger.name: trigger.definition.automation_spec for trigger in details.triggers}
    return TaskDetails(
        task_id=_task_id(details.task, org=details.task.org),
        metadata=_metadata(details.task, automations),
        spec=to_message(msgspec.json.decode(details.spec), TaskSpec),
    )


def to_version(row: VersionRow) -> ListVersionsResponse.VersionResponse:
    """A version in the list of a task's versions."""
    return ListVersionsResponse.VersionResponse(
        version=row.version, deployed_at=to_timestamp(row.created_at), deployed_by=to_identity(row.deployed_by)
    )


def _task_id(row: TaskRow, org: str) -> TaskIdentifier:
    return TaskIdentifier(org=org, project=row.project, domain=row.domain, name=row.name, version=row.version)


def _metadata(row: TaskRow, automations: Automations) -> TaskMetadata:
    # Flyte's server answers the function's name for `short_name`, and the first deploy's time for `deployed_at`.
    return TaskMetadata(
        deployed_by=to_identity(row.deployed_by),
        short_name=row.function_name,
        deployed_at=to_timestamp(row.created_at),
        environment_name=row.environment,
        triggers_summary=_triggers_summary(row, automations),
        short_description=row.short_description,
    )


def _triggers_summary(row: TaskRow, automations: Automations) -> TaskTriggersSummary | None:
    if row.total_triggers == 0:
        return None
    if row.trigger_name not in automations:
        stats = TaskTriggersSummary.TriggerStats(total=row.total_triggers, active=row.active_triggers)
        return TaskTriggersSummary(stats=stats)
    automation = to_message(automations[row.trigger_name], TriggerAutomationSpec)
    return TaskTriggersSummary(
        details=TaskTriggersSummary.TriggerDetails(
            name=row.trigger_name, active=row.active_triggers > 0, automation_spec=automation
        )
    )
