"""The rules that a request keeps beyond its types: identities, triggers, automations. Pure; nothing is raised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import msgspec

from taskstore_specs import identity, limits
from taskstore_specs.errors import InvalidIdentityError, Rule
from taskstore_specs.findings import Finding, Path
from taskstore_specs.models import (
    AutomationSpec,
    AutomationType,
    CreateProject,
    DeployTask,
    FixedRate,
    FixedRateUnit,
    Schedule,
    TaskIdentifier,
    Trigger,
    TriggerSpec,
)


def check_project(request: CreateProject) -> Iterator[Finding]:
    """What is wrong with a project."""
    yield from _identity(identity.check_project, request.project.id, ("project", "id"))


def check_deploy(request: DeployTask) -> Iterator[Finding]:
    """What is wrong with a deployment."""
    yield from _check_task_id(request.task_id)
    yield from _check_triggers(request.triggers)


def _check_task_id(task_id: TaskIdentifier) -> Iterator[Finding]:
    yield from _identity(identity.check_project, task_id.project, ("taskId", "project"))
    yield from _identity(identity.check_domain, task_id.domain, ("taskId", "domain"))
    yield from _identity(identity.check_task_name, task_id.name, ("taskId", "name"))
    yield from _identity(identity.check_version, task_id.version, ("taskId", "version"))


def _check_triggers(triggers: tuple[Trigger, ...]) -> Iterator[Finding]:
    if len(triggers) > limits.TRIGGERS_PER_TASK:
        message = f"the task has {len(triggers)} triggers"
        yield Finding(Rule.LIMIT, ("triggers",), message, f"at most {limits.TRIGGERS_PER_TASK} are allowed")
        return
    for number, trigger in enumerate(triggers):
        yield from check_trigger(trigger, ("triggers", number))


def check_trigger(trigger: Trigger, path: Path = ()) -> Iterator[Finding]:
    """What is wrong with a trigger that stands at `path`."""
    yield from _identity(identity.check_trigger_name, trigger.name, (*path, "name"))
    yield from _check_inputs(trigger.spec, (*path, "spec"))
    yield from _check_automation(trigger.automation_spec, (*path, "automationSpec"))


def _check_inputs(spec: TriggerSpec, path: Path) -> Iterator[Finding]:
    if spec.inputs is not None and spec.offloaded_input_data is not None:
        message = "inputs and offloadedInputData are both given"
        yield Finding(Rule.EXCLUSIVE_FIELDS, path, message, "keep one of them")


def _check_automation(automation: AutomationSpec, path: Path) -> Iterator[Finding]:
    schedule, artifact = automation.schedule, automation.artifact
    if schedule is not None and artifact is not None:
        yield Finding(Rule.EXCLUSIVE_FIELDS, path, "schedule and artifact are both given", "keep one of them")
    elif automation.type is not automation_type(schedule is not None, artifact is not None):
        expected = automation_type(schedule is not None, artifact is not None).value
        message = f"the type is {automation.type.value}, but what is given makes it {expected}"
        yield Finding(Rule.BAD_VALUE, (*path, "type"), message, "leave the type out, or correct it")
    if schedule is not None:
        yield from _check_schedule(schedule, (*path, "schedule"))
    if artifact is not None and not artifact.artifact_name:
        name_path = (*path, "artifact", "artifactName")
        yield Finding(Rule.MISSING_FIELD, name_path, "the artifact has no name", "name the artifact to wait for")


def automation_type(has_schedule: bool, has_artifact: bool) -> AutomationType:
    """What makes a trigger fire that has these; Flyte's `NewTriggerModel` derives it the same way."""
    if has_schedule:
        return AutomationType.SCHEDULE
    return AutomationType.ARTIFACT if has_artifact else AutomationType.NONE


def _check_schedule(schedule: Schedule, path: Path) -> Iterator[Finding]:
    given = [
        name
        for name, is_given in (
            ("rate", schedule.rate is not None),
            ("cron", schedule.cron is not None),
            ("cronExpression", bool(schedule.cron_expression)),
        )
        if is_given
    ]
    if not given:
        yield Finding(Rule.MISSING_FIELD, path, "the schedule says nothing about when", "give rate or cron")
    elif len(given) > 1:
        message = f"the schedule has {' and '.join(given)}"
        yield Finding(Rule.EXCLUSIVE_FIELDS, path, message, "keep one of them")
    if schedule.rate is not None:
        yield from _check_rate(schedule.rate, (*path, "rate"))
    if schedule.cron is not None and not schedule.cron.expression.strip():
        where = (*path, "cron", "expression")
        yield Finding(Rule.MISSING_FIELD, where, "the cron expression is empty", 'write five fields, as in "0 2 * * *"')


def _check_rate(rate: FixedRate, path: Path) -> Iterator[Finding]:
    if not 0 < rate.value <= limits.RATE_VALUE:
        message = f"the rate's value is {rate.value}"
        yield Finding(Rule.BAD_VALUE, (*path, "value"), message, f"give a whole number from 1 to {limits.RATE_VALUE}")
    if rate.start_time is not None and not _has_utc(rate.start_time):
        message = f"the start time {rate.start_time.isoformat()} is no time in UTC"
        yield Finding(Rule.BAD_VALUE, (*path, "startTime"), message, "give a time of the years 1 to 9999 in UTC")
    if rate.unit is FixedRateUnit.UNSPECIFIED:
        units = ", ".join(unit.value for unit in FixedRateUnit if unit is not FixedRateUnit.UNSPECIFIED)
        yield Finding(Rule.MISSING_FIELD, (*path, "unit"), "the rate has no unit", f"give one of {units}")


def _has_utc(time: datetime) -> bool:
    try:
        time.astimezone(UTC)
    except OverflowError:
        return False
    return True


def in_utc(request: DeployTask) -> DeployTask:
    """`request` with the start times of its triggers in UTC."""
    return msgspec.structs.replace(request, triggers=tuple(map(trigger_in_utc, request.triggers)))


def trigger_in_utc(trigger: Trigger) -> Trigger:
    """`trigger` with its start time in UTC."""
    schedule = trigger.automation_spec.schedule
    if schedule is None or schedule.rate is None or schedule.rate.start_time is None:
        return trigger
    rate = msgspec.structs.replace(schedule.rate, start_time=schedule.rate.start_time.astimezone(UTC))
    automation = msgspec.structs.replace(trigger.automation_spec, schedule=msgspec.structs.replace(schedule, rate=rate))
    return msgspec.structs.replace(trigger, automation_spec=automation)


def _identity(check: Callable[[str], str], text: str, path: Path) -> Iterator[Finding]:
    try:
        check(text)
    except InvalidIdentityError as error:
        yield Finding(Rule.BAD_IDENTITY, path, error.message, error.hint)
