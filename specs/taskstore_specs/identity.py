"""Who a task is: project, domain, name and version, each checked where it enters.

Lengths are those of Flyte's `TaskIdentifier` (flyteidl2/task/task_definition.proto). Beside them: no control
characters, no leading or trailing space, and no `/` or `@` where they would make an address ambiguous, because a task
is addressed as `project/domain/name@version`.
"""

from __future__ import annotations

import unicodedata
from typing import Self

import msgspec

from taskstore_specs import limits
from taskstore_specs.errors import InvalidIdentityError


def check_text(what: str, text: str, longest: int, *, forbidden: str = "") -> str:
    """Return `text` if it may serve as `what`; raises InvalidIdentityError that says why not."""
    if not text:
        raise InvalidIdentityError(f"{what} is empty", hint=f"give 1 to {longest} characters")
    if len(text) > longest:
        raise InvalidIdentityError(f"{what} has {len(text)} characters", hint=f"at most {longest} are allowed")
    if text != text.strip():
        raise InvalidIdentityError(f"{what} {text!r} begins or ends with a space", hint="remove the space")
    if not text.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text):
        raise InvalidIdentityError(f"{what} {text!r} has a control character", hint="remove it")
    for character in forbidden:
        if character in text:
            raise InvalidIdentityError(
                f"{what} {text!r} has a {character!r}",
                hint=f"{character!r} is kept for addresses like project/domain/name@version",
            )
    return text


def check_project(text: str) -> str:
    """A project id, or InvalidIdentityError."""
    return check_text("project", text, limits.PROJECT_CHARACTERS, forbidden="/@")


def check_domain(text: str) -> str:
    """A domain, or InvalidIdentityError."""
    return check_text("domain", text, limits.DOMAIN_CHARACTERS, forbidden="/@")


def check_task_name(text: str) -> str:
    """A task's name, or InvalidIdentityError."""
    return check_text("name", text, limits.NAME_CHARACTERS, forbidden="/@")


def check_version(text: str) -> str:
    """A version, or InvalidIdentityError."""
    return check_text("version", text, limits.VERSION_CHARACTERS)


def check_trigger_name(text: str) -> str:
    """A trigger's name, or InvalidIdentityError."""
    return check_text("trigger name", text, limits.NAME_CHARACTERS)


class TaskName(msgspec.Struct, frozen=True, order=True, gc=False):
    """A task, whatever its version. Printed as `project/domain/name`."""

    project: str
    domain: str
    name: str

    @classmethod
    def checked(cls, project: str, domain: str, name: str) -> Self:
        """A TaskName of checked parts; raises InvalidIdentityError."""
        return cls(check_project(project), check_domain(domain), check_task_name(name))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `project/domain/name`; raises InvalidIdentityError."""
        parts = text.split("/")
        if len(parts) != 3:
            raise InvalidIdentityError(f"not a task: {text!r}", hint="write project/domain/name")
        project, domain, name = parts
        return cls.checked(project, domain, name)

    def at(self, version: str) -> TaskId:
        """This task's version `version`, which the caller has checked."""
        return TaskId(self.project, self.domain, self.name, version)

    def __str__(self) -> str:
        return f"{self.project}/{self.domain}/{self.name}"


class TaskId(msgspec.Struct, frozen=True, order=True, gc=False):
    """One version of a task. Printed as `project/domain/name@version`."""

    project: str
    domain: str
    name: str
    version: str

    @classmethod
    def checked(cls, project: str, domain: str, name: str, version: str) -> Self:
        """A TaskId of checked parts; raises InvalidIdentityError."""
        return cls(check_project(project), check_domain(domain), check_task_name(name), check_version(version))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `project/domain/name@version`; raises InvalidIdentityError."""
        address, at, version = text.partition("@")
        parts = address.split("/")
        if not at or len(parts) != 3:
            raise InvalidIdentityError(f"not a task version: {text!r}", hint="write project/domain/name@version")
        project, domain, name = parts
        return cls.checked(project, domain, name, version)

    @property
    def task(self) -> TaskName:
        """The task that this is a version of."""
        return TaskName(self.project, self.domain, self.name)

    def __str__(self) -> str:
        return f"{self.project}/{self.domain}/{self.name}@{self.version}"
