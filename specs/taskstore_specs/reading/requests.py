"""From one document to the request it makes: spelling, types, rules; everything that is wrong with it is collected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import msgspec

from taskstore_specs.errors import Rule
from taskstore_specs.findings import Finding
from taskstore_specs.models import CreateProject, DeployTask, Request, TaskSpec, Trigger
from taskstore_specs.reading import checks
from taskstore_specs.reading.fitting import fitted
from taskstore_specs.spelling import (
    CREATE_PROJECT_REQUEST,
    DEPLOY_TASK_REQUEST,
    TASK_SPEC,
    TASK_TRIGGER,
    Message,
    normalise,
)

_Model = TypeVar("_Model", DeployTask, CreateProject, TaskSpec, Trigger)


def request_of(document: Any) -> tuple[Request | None, list[Finding]]:
    """The request that `document` is, or None, and what is wrong with it."""
    if isinstance(document, dict) and isinstance(document.get("project"), dict):
        return _build(document, CREATE_PROJECT_REQUEST, CreateProject, _drop_unused, checks.check_project)
    request, findings = _build(document, DEPLOY_TASK_REQUEST, DeployTask, _infer_types, checks.check_deploy)
    return (request and checks.in_utc(request)), findings


def spec_of(document: Any) -> tuple[TaskSpec | None, list[Finding]]:
    """The specification that `document` is, or None, and what is wrong with it."""
    return _build(document, TASK_SPEC, TaskSpec, lambda _: [], lambda _: iter(()))


def trigger_of(document: Any) -> tuple[Trigger | None, list[Finding]]:
    """The trigger that `document` is, or None, and what is wrong with it."""
    trigger, findings = _build(document, TASK_TRIGGER, Trigger, _infer_type, checks.check_trigger)
    return (trigger and checks.trigger_in_utc(trigger)), findings


def _build(
    document: Any,
    message: Message,
    model: type[_Model],
    prepare: Callable[[dict[str, Any]], list[Finding]],
    check: Callable[[_Model], Iterator[Finding]],
) -> tuple[_Model | None, list[Finding]]:
    if not isinstance(document, dict):
        return None, [Finding(Rule.WRONG_TYPE, (), "a document is an object of fields", "see specs/manifest.md")]
    normal, findings = normalise(document, message)
    findings += prepare(normal)
    try:
        value = msgspec.convert(normal, model)
    except msgspec.ValidationError:
        normal, misfits = fitted(normal, model)
        findings += _unexplained(misfits, findings)
        value = msgspec.convert(normal, model)
    findings += _unexplained(check(value), findings)
    return (None if findings else value), findings


def _unexplained(late: Iterable[Finding], early: list[Finding]) -> list[Finding]:
    return [finding for finding in late if not any(_explains(cause, finding) for cause in early)]


def _explains(early: Finding, late: Finding) -> bool:
    """Whether `late` is there only because of `early`: what did not fit was left out, so rules miss it."""
    if late.path[: len(early.path)] == early.path:
        return True
    return late.rule is Rule.MISSING_FIELD and early.path[: len(late.path)] == late.path


def _infer_types(document: dict[str, Any]) -> list[Finding]:
    """Fill in the automation types that are left open, which needs to know what was written."""
    triggers = document.get("triggers")
    for trigger in triggers if isinstance(triggers, list) else ():
        if isinstance(trigger, dict):
            _infer_type(trigger)
    return []


def _infer_type(trigger: dict[str, Any]) -> list[Finding]:
    automation = trigger.get("automationSpec")
    if isinstance(automation, dict) and automation.get("type", "TYPE_UNSPECIFIED") == "TYPE_UNSPECIFIED":
        automation["type"] = checks.automation_type("schedule" in automation, "artifact" in automation).value
    return []


def _drop_unused(document: dict[str, Any]) -> list[Finding]:
    """Drop what Flyte's project has and a registry has no use for, where that changes nothing."""
    project = document.get("project")
    if not isinstance(project, dict):
        return []
    findings = []
    for name, harmless in _UNUSED.items():
        if project.pop(name, harmless[0]) not in harmless:
            message = f"this registry keeps no {name} of a project"
            findings.append(Finding(Rule.UNSUPPORTED, ("project", name), message, f"leave {name} out"))
    return findings


_UNUSED: dict[str, tuple[Any, ...]] = {
    "domains": ([],),
    "labels": ({}, {"values": {}}),
    "state": ("PROJECT_STATE_ACTIVE",),
}
