"""What queries answer with. The fields are those of the commands' JSON, by the same names (`specs/cli.md`).

Times are aware and in UTC. A text that there is none of is empty.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import msgspec

from taskstore.journal.changes import TaskAction, TriggerAction
from taskstore_specs.digest import Digest
from taskstore_specs.models import Trigger


class ProjectState(Enum):
    """Whether a project takes deploys."""

    ACTIVE = "active"
    ARCHIVED = "archived"


class ProjectRow(msgspec.Struct, frozen=True):
    """A project."""

    id: str
    name: str
    description: str
    state: ProjectState
    created_at: datetime


class TaskRow(msgspec.Struct, frozen=True):
    """A task version in a list of tasks. `trigger_name` is set if exactly one live trigger starts the version."""

    project: str
    domain: str
    name: str
    version: str
    digest: Digest
    fingerprint: Digest
    environment: str
    function_name: str
    env_description: str
    short_description: str
    deployed_by: str
    created_at: datetime
    updated_at: datetime
    trigger_name: str
    total_triggers: int
    active_triggers: int


class TaskDetail(TaskRow, frozen=True):
    """Everything about a task version but its specification and its triggers.

    `deployed_triggers` is the set that it was last deployed with: names and the revisions that were current then.
    """

    revision: int
    action: TaskAction
    short_name: str
    org: str
    trigger_type: str
    deployed_triggers: dict[str, int]
    deleted_at: datetime | None


class VersionRow(msgspec.Struct, frozen=True):
    """A version in the list of a task's versions."""

    version: str
    digest: Digest
    fingerprint: Digest
    revision: int
    deployed_by: str
    created_at: datetime
    updated_at: datetime
    total_triggers: int
    active_triggers: int


class TaskRevisionRow(msgspec.Struct, frozen=True):
    """One change of a task version: what it was after the change, recorded in journal entry `sequence`."""

    sequence: int
    at: datetime
    action: TaskAction
    version: str
    revision: int
    digest: Digest
    fingerprint: Digest
    function_name: str
    short_name: str
    environment: str
    env_description: str
    short_description: str
    org: str
    deployed_by: str
    deployed_triggers: dict[str, int]
    deleted: bool


class TriggerRow(msgspec.Struct, frozen=True):
    """A trigger. It fires when it is active, not paused and not deleted."""

    project: str
    domain: str
    task_name: str
    name: str
    revision: int
    task_version: str
    active: bool
    paused: bool
    automation_type: str
    schedule: str
    description: str
    deployed_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


class TriggerDetail(TriggerRow, frozen=True):
    """A trigger with its definition, as a manifest has it."""

    action: TriggerAction
    by: str
    definition: Trigger


class TriggerRevisionRow(msgspec.Struct, frozen=True):
    """One change of a trigger: what it was after the change, recorded in journal entry `sequence`."""

    revision: int
    action: TriggerAction
    sequence: int
    at: datetime
    by: str
    task_version: str
    active: bool
    paused: bool
    deleted: bool
    automation_type: str
    schedule: str
    description: str
    definition: Trigger


class EntryRow(msgspec.Struct, frozen=True):
    """A journal entry; `changes` is how many it records."""

    sequence: int
    digest: Digest
    committed_at: datetime
    committed_by: str
    changes: int


class SpecRow(msgspec.Struct, frozen=True):
    """A specification: how many task versions it was ever deployed as, and when it was first named."""

    digest: Digest
    versions: int
    created_at: datetime


class SpecUserRow(msgspec.Struct, frozen=True):
    """A task version that a specification was deployed as; `current` says that it still is its specification."""

    project: str
    domain: str
    name: str
    version: str
    revision: int
    current: bool


class TaskPage(msgspec.Struct, frozen=True):
    """Some of the tasks. `total` counts those in scope, `filtered_total` those that the filters let through."""

    tasks: tuple[TaskRow, ...]
    total: int
    filtered_total: int
    next_token: str


class VersionPage(msgspec.Struct, frozen=True):
    """Some of a task's versions; `total` counts them all."""

    versions: tuple[VersionRow, ...]
    total: int
    next_token: str


class TriggerDetailPage(msgspec.Struct, frozen=True):
    """A TriggerPage whose triggers have their definitions."""

    triggers: tuple[TriggerDetail, ...]
    total: int
    next_token: str


class TriggerPage(msgspec.Struct, frozen=True):
    """Some of the triggers; `total` counts all that the query asks for."""

    triggers: tuple[TriggerRow, ...]
    total: int
    next_token: str
