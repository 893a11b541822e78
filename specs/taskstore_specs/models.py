"""What a manifest says, as values: Flyte's `DeployTaskRequest` and `CreateProjectRequest`.

Field names and meanings are those of flyteidl2 (`task/task_service.proto`, `task/task_definition.proto`,
`task/common.proto`, `project/project_service.proto`), in their proto3 JSON spelling (lowerCamelCase) when encoded.
What only the engine reads (`taskTemplate`, `defaultInputs`, `runSpec`, `inputs`, …) is kept as given.
A field at its default is left out when encoded, as proto3 JSON does; a message that is present but empty is kept.

As in proto3 every scalar has a default, so anything well-typed makes a model. What a rule wants beyond its type
is checked by `reading.checks`, which can say more than a decoder, and is noted here for the JSON Schemas.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated, Any

import msgspec

from taskstore_specs import limits

EngineValue = dict[str, Any]
"""A message that belongs to the engine: any JSON object, in the normal spelling (see `spelling`)."""


def _text(longest: int, shortest: int = 1) -> msgspec.Meta:
    return msgspec.Meta(extra_json_schema={"minLength": shortest, "maxLength": longest})


ProjectText = Annotated[str, _text(limits.PROJECT_CHARACTERS)]
DomainText = Annotated[str, _text(limits.DOMAIN_CHARACTERS)]
NameText = Annotated[str, _text(limits.NAME_CHARACTERS)]
VersionText = Annotated[str, _text(limits.VERSION_CHARACTERS)]
RequiredText = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1})]
RateValue = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 1, "maximum": limits.RATE_VALUE})]
TriggerSet = Annotated[tuple["Trigger", ...], msgspec.Meta(extra_json_schema={"maxItems": limits.TRIGGERS_PER_TASK})]
AwareTime = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time that says its offset from UTC, written as RFC 3339."""


class _Message(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True, gc=False):
    pass


class TaskIdentifier(_Message, frozen=True):
    """`TaskIdentifier`, as written: unchecked. `org` is recorded and is no part of the identity."""

    project: ProjectText = ""
    domain: DomainText = ""
    name: NameText = ""
    version: VersionText = ""
    org: str = ""


class Environment(_Message, frozen=True):
    """The environment that a task runs in."""

    name: str = ""
    description: str = ""


class SourceCode(_Message, frozen=True):
    """Where a task's source can be read."""

    link: str = ""


class Documentation(_Message, frozen=True):
    """`DocumentationEntity`: what people read about a task."""

    short_description: str = ""
    long_description: str = ""
    source_code: SourceCode | None = None


class TaskSpec(_Message, frozen=True):
    """`TaskSpec`: the specification that is stored as a blob."""

    task_template: EngineValue = {}
    default_inputs: list[EngineValue] = []
    short_name: str = ""
    environment: Environment | None = None
    documentation: Documentation | None = None


class FixedRateUnit(Enum):
    """The unit of a fixed rate. A checked request never has `UNSPECIFIED`."""

    UNSPECIFIED = "FIXED_RATE_UNIT_UNSPECIFIED"
    MINUTE = "FIXED_RATE_UNIT_MINUTE"
    HOUR = "FIXED_RATE_UNIT_HOUR"
    DAY = "FIXED_RATE_UNIT_DAY"


class FixedRate(_Message, frozen=True):
    """Fires every `value` units, counted from `start_time` (an aware time, UTC) or else from the deploy."""

    value: RateValue = 0
    unit: FixedRateUnit = FixedRateUnit.UNSPECIFIED
    start_time: AwareTime | None = None


class Cron(_Message, frozen=True):
    """Five cron fields or a descriptor such as `@daily`, read in an IANA timezone (UTC when empty)."""

    expression: RequiredText = ""
    timezone: str = ""


class Schedule(_Message, frozen=True):
    """When a trigger fires: exactly one of `rate`, `cron` and the deprecated `cron_expression` is set."""

    rate: FixedRate | None = None
    cron: Cron | None = None
    cron_expression: str = ""
    kickoff_time_input_arg: str = ""


class ArtifactTrigger(_Message, frozen=True):
    """Fires when an artifact appears."""

    artifact_name: RequiredText = ""
    version: str = ""
    input_arg: str = ""
    partitions: dict[str, str] = {}
    partition_input_args: dict[str, str] = {}


class AutomationType(Enum):
    """What makes a trigger fire."""

    NONE = "TYPE_NONE"
    SCHEDULE = "TYPE_SCHEDULE"
    ARTIFACT = "TYPE_ARTIFACT"


class AutomationSpec(_Message, frozen=True):
    """`TriggerAutomationSpec`. `type` agrees with which of `schedule` and `artifact` is set; the reader fills it in."""

    type: AutomationType = AutomationType.NONE
    schedule: Schedule | None = None
    artifact: ArtifactTrigger | None = None


class TriggerSpec(_Message, frozen=True):
    """`TaskTriggerSpec`. Proto3 JSON omits `active: false`, so an absent `active` is false."""

    active: bool = False
    inputs: EngineValue | None = None
    offloaded_input_data: EngineValue | None = None
    run_spec: EngineValue | None = None
    description: str = ""


class Trigger(_Message, frozen=True):
    """`TaskTrigger`: a named automation of a task."""

    name: NameText = ""
    spec: TriggerSpec = TriggerSpec()
    automation_spec: AutomationSpec = AutomationSpec()


class DeployTask(_Message, frozen=True):
    """`DeployTaskRequest`: a task version and its whole set of triggers. Made by the reader, checked."""

    task_id: TaskIdentifier
    spec: TaskSpec
    triggers: TriggerSet = ()


class Project(_Message, frozen=True):
    """`Project`, as far as an offline registry keeps it."""

    id: ProjectText = ""
    name: str = ""
    description: str = ""
    org: str = ""


class CreateProject(_Message, frozen=True):
    """`CreateProjectRequest`: declares a project."""

    project: Project


Request = DeployTask | CreateProject
"""What one document of a manifest asks for."""
