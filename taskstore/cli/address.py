"""Which task is meant: `project/domain/name`, or the name alone within a project and domain."""

from __future__ import annotations

from taskstore.errors import InvalidQueryError
from taskstore_specs.identity import TaskId, TaskName, check_version


def parse_address(text: str, project: str | None, domain: str | None) -> tuple[TaskName, str | None]:
    """The task and, after an `@`, the version that `text` names. Raises InvalidQueryError or InvalidIdentityError.

    A name alone is completed with `project` and `domain`.
    """
    address, at, version = text.partition("@")
    parts = address.split("/")
    if len(parts) == 1 and project and domain:
        parts = [project, domain, *parts]
    if len(parts) != 3:
        raise InvalidQueryError(
            f"not a task: {text!r}",
            hint="write project/domain/name, or give the project with -p and the domain with -d beside the name",
        )
    return TaskName.checked(*parts), check_version(version) if at else None


def parse_task(text: str, project: str | None, domain: str | None) -> TaskName:
    """The task that `text` names, where a version means nothing. Raises as `parse_address`."""
    task, version = parse_address(text, project, domain)
    if version is not None:
        raise InvalidQueryError(f"{text!r} names a version", hint=f"write {task}")
    return task


def parse_version(text: str, project: str | None, domain: str | None) -> TaskId:
    """The task version that `text` names, where one is needed. Raises as `parse_address`."""
    task, version = parse_address(text, project, domain)
    if version is None:
        raise InvalidQueryError(f"{text!r} names no version", hint=f"write {task}@VERSION")
    return task.at(version)
