"""Triggers and their revisions, as `flyteidl2/trigger` has them.

Flyte knows no operator's hold: a paused trigger, which does not fire, is an inactive one to it, and PAUSE and RESUME
are DEACTIVATE and ACTIVATE.
"""

from __future__ import annotations

from collections.abc import Sequence

from flyteidl2.common.identifier_pb2 import TriggerIdentifier, TriggerName
from flyteidl2.task.common_pb2 import TriggerAutomationSpec
from flyteidl2.task.task_definition_pb2 import TaskIdentifier, TaskSpec, TaskTrigger, TaskTriggerSpec
from flyteidl2.task.task_service_pb2 import DeployTaskRequest
from flyteidl2.trigger.trigger_definition_pb2 import (
    TRIGGER_REVISION_ACTION_ACTIVATE,
    TRIGGER_REVISION_ACTION_DEACTIVATE,
    TRIGGER_REVISION_ACTION_DELETE,
    TRIGGER_REVISION_ACTION_DEPLOY,
    Trigger,
    TriggerDetails,
    TriggerMetadata,
    TriggerRevision,
    TriggerSpec,
    TriggerStatus,
)
from flyteidl2.trigger.trigger_service_pb2 import DeployTriggerRequest

from taskstore.flyte.messages import to_message
from taskstore.index.queries import TriggerDetail, TriggerRevisionRow
from taskstore.journal.changes import TriggerAction
from taskstore_daemon.serve.messages.common import to_identity, to_timestamp
from taskstore_specs.identity import TaskName
from taskstore_specs.models import Trigger as Definition

_ACTIONS = {
    TriggerAction.DEPLOY: TRIGGER_REVISION_ACTION_DEPLOY,
    TriggerAction.ACTIVATE: TRIGGER_REVISION_ACTION_ACTIVATE,
    TriggerAction.RESUME: TRIGGER_REVISION_ACTION_ACTIVATE,
    TriggerAction.DEACTIVATE: TRIGGER_REVISION_ACTION_DEACTIVATE,
    TriggerAction.PAUSE: TRIGGER_REVISION_ACTION_DEACTIVATE,
    TriggerAction.DELETE: TRIGGER_REVISION_ACTION_DELETE,
}


def to_trigger(row: TriggerDetail) -> Trigger:
    """A trigger in a list."""
    return Trigger(
        id=_identifier(_task_of(row), row.name, row.revision),
        metadata=_metadata(row.by),
        status=_status(row),
        active=row.active and not row.paused,
        automation_spec=_automation(row.definition),
    )


def to_trigger_details(row: TriggerDetail) -> TriggerDetails:
    """A trigger with all that it was deployed with."""
    return TriggerDetails(
        id=_identifier(_task_of(row), row.name, row.revision),
        metadata=_metadata(row.by),
        spec=_spec(row.definition, row.task_version, row.active and not row.paused),
        status=_status(row),
        automation_spec=_automation(row.definition),
    )


def to_revision_details(task: TaskName, name: str, history: Sequence[TriggerRevisionRow]) -> TriggerDetails:
    """The first revision of `history`, which is newest first, with all that it was then."""
    row = history[0]
    return TriggerDetails(
        id=_identifier(task, name, row.revision),
        metadata=_metadata(row.by),
        spec=_spec(row.definition, row.task_version, row.active and not row.paused),
        status=_status_then(history),
        automation_spec=_automation(row.definition),
    )


def to_revision(task: TaskName, name: str, history: Sequence[TriggerRevisionRow]) -> TriggerRevision:
    """The first revision of `history`, which is newest first, in a list."""
    row = history[0]
    return TriggerRevision(
        id=_identifier(task, name, row.revision),
        metadata=_metadata(row.by),
        status=_status_then(history),
        action=_ACTIONS[row.action],
        created_at=to_timestamp(row.at),
    )


def to_deploy_task(request: DeployTriggerRequest) -> DeployTaskRequest:
    """The trigger as a manifest would have it, so that it is read by the same rules: a deploy of its task version."""
    name, spec = request.name, request.spec
    trigger = TaskTrigger(
        name=name.name,
        spec=TaskTriggerSpec(active=spec.active, description=spec.description),
        automation_spec=request.automation_spec if request.HasField("automation_spec") else None,
    )
    for field in ("inputs", "offloaded_input_data", "run_spec"):
        if spec.HasField(field):
            getattr(trigger.spec, field).CopyFrom(getattr(spec, field))
    task_id = TaskIdentifier(
        org=name.org, project=name.project, domain=name.domain, name=name.task_name, version=spec.task_version
    )
    return DeployTaskRequest(task_id=task_id, spec=TaskSpec(task_template={}), triggers=[trigger])


def _task_of(row: TriggerDetail) -> TaskName:
    return TaskName(row.project, row.domain, row.task_name)


def _identifier(task: TaskName, name: str, revision: int) -> TriggerIdentifier:
    trigger = TriggerName(project=task.project, domain=task.domain, task_name=task.name, name=name)
    return TriggerIdentifier(name=trigger, revision=revision)


def _metadata(by: str) -> TriggerMetadata:
    return TriggerMetadata(deployed_by=to_identity(by), updated_by=to_identity(by))


def _automation(definition: Definition) -> TriggerAutomationSpec:
    return to_message(definition.automation_spec, TriggerAutomationSpec)


def _spec(definition: Definition, task_version: str, active: bool) -> TriggerSpec:
    # The fields of TaskTriggerSpec are those of TriggerSpec, which has the version besides.
    spec = to_message(definition.spec, TriggerSpec)
    spec.task_version, spec.active = task_version, active
    return spec


def _status(row: TriggerDetail) -> TriggerStatus:
    return TriggerStatus(
        deployed_at=to_timestamp(row.deployed_at),
        updated_at=to_timestamp(row.updated_at),
        deleted_at=to_timestamp(row.deleted_at) if row.deleted_at else None,
    )


def _status_then(history: Sequence[TriggerRevisionRow]) -> TriggerStatus:
    row = history[0]
    deployed = next((older for older in history if older.action is TriggerAction.DEPLOY), row)
    return TriggerStatus(
        deployed_at=to_timestamp(deployed.at),
        updated_at=to_timestamp(row.at),
        deleted_at=to_timestamp(row.at) if row.deleted else None,
    )
