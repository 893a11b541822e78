"""What a deploy request becomes before the store is looked at: its spec's bytes, digest, metadata, warnings.

Pure, and the costly part of a deploy, so it is done before any lock is taken. The rules are those of Flyte's
`runs/repository/transformers/task.go`, mended as `specs/semantics.md` says.
"""

from __future__ import annotations

import msgspec

from taskstore.errors import InvalidInputError
from taskstore.journal.changes import TaskMetadata
from taskstore.plan.schedule import check_schedule
from taskstore_specs import encode_spec, fingerprint
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId
from taskstore_specs.limits import LONG_DESCRIPTION_CHARACTERS, SHORT_DESCRIPTION_CHARACTERS
from taskstore_specs.models import CreateProject, Request, TaskSpec, Trigger


class PreparedTask(msgspec.Struct, frozen=True, gc=False):
    """A deploy request, ready to be planned: `spec` is the canonical bytes that `digest` names."""

    task_id: TaskId
    org: str
    spec: bytes
    digest: Digest
    fingerprint: Digest
    metadata: TaskMetadata
    triggers: tuple[Trigger, ...]
    warnings: tuple[str, ...]


Prepared = PreparedTask | CreateProject
"""A request that needs nothing but the store's state to be planned."""


def prepare(request: Request) -> Prepared:
    """Prepare one request. Raises InvalidInputError when a trigger's schedule cannot be evaluated."""
    if isinstance(request, CreateProject):
        return request
    warnings: list[str] = []
    spec = _cut_descriptions(request.spec, warnings)
    triggers = tuple(_prepare_trigger(trigger, warnings) for trigger in _last_of_each_name(request.triggers, warnings))
    written = request.task_id
    task_id = TaskId(written.project, written.domain, written.name, written.version)
    data = encode_spec(spec)
    return PreparedTask(
        task_id=task_id,
        org=written.org,
        spec=data,
        digest=Digest.of(data),
        fingerprint=fingerprint(spec, task_id.version),
        metadata=_metadata(task_id.name, spec, warnings),
        triggers=triggers,
        warnings=tuple(warnings),
    )


def function_name(name: str, environment: str) -> str:
    """The function that a task was made of: its name less `environment.`, else its last dot-segment."""
    if environment and name.startswith(f"{environment}.") and len(name) > len(environment) + 1:
        return name[len(environment) + 1 :]
    return name.rpartition(".")[2]


def _metadata(name: str, spec: TaskSpec, warnings: list[str]) -> TaskMetadata:
    environment = spec.environment.name if spec.environment else ""
    if environment and not name.startswith(f"{environment}."):
        warnings.append(
            f"the name {name!r} does not begin with its environment {environment!r} and a dot;"
            " its last segment is taken for the function's name"
        )
    return TaskMetadata(
        function_name=function_name(name, environment),
        short_name=spec.short_name,
        environment=environment,
        env_description=spec.environment.description if spec.environment else "",
        short_description=spec.documentation.short_description if spec.documentation else "",
    )


def _cut(text: str, longest: int, what: str, warnings: list[str]) -> str:
    if len(text) <= longest:
        return text
    warnings.append(f"{what} was cut from {len(text)} to {longest} characters")
    return text[:longest]


def _cut_descriptions(spec: TaskSpec, warnings: list[str]) -> TaskSpec:
    before = len(warnings)
    documentation, environment = spec.documentation, spec.environment
    if documentation is not None:
        documentation = msgspec.structs.replace(
            documentation,
            short_description=_cut(
                documentation.short_description,
                SHORT_DESCRIPTION_CHARACTERS,
                "spec.documentation.shortDescription",
                warnings,
            ),
            long_description=_cut(
                documentation.long_description,
                LONG_DESCRIPTION_CHARACTERS,
                "spec.documentation.longDescription",
                warnings,
            ),
        )
    if environment is not None:
        description = _cut(
            environment.description, SHORT_DESCRIPTION_CHARACTERS, "spec.environment.description", warnings
        )
        environment = msgspec.structs.replace(environment, description=description)
    if len(warnings) == before:
        return spec
    return msgspec.structs.replace(spec, documentation=documentation, environment=environment)


def _last_of_each_name(triggers: tuple[Trigger, ...], warnings: list[str]) -> list[Trigger]:
    """Flyte programs do send two triggers of one name; upserting them in turn, Flyte keeps the last."""
    last = {trigger.name: trigger for trigger in triggers}
    if len(last) < len(triggers):
        names = [trigger.name for trigger in triggers]
        twice = sorted({name for name in names if names.count(name) > 1})
        warnings.append(f"more than one trigger is named {', '.join(twice)}; the last one counts")
    return list(last.values())


def _prepare_trigger(trigger: Trigger, warnings: list[str]) -> Trigger:
    schedule = trigger.automation_spec.schedule
    if schedule is not None:
        try:
            check_schedule(schedule)
        except InvalidInputError as error:
            raise InvalidInputError(f"trigger {trigger.name!r}: {error.message}", hint=error.hint) from error
    if len(trigger.spec.description) <= SHORT_DESCRIPTION_CHARACTERS:
        return trigger
    description = _cut(
        trigger.spec.description,
        SHORT_DESCRIPTION_CHARACTERS,
        f"trigger {trigger.name!r}: spec.description",
        warnings,
    )
    return msgspec.structs.replace(trigger, spec=msgspec.structs.replace(trigger.spec, description=description))
