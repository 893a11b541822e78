"""The facts that a journal entry records: each the whole state of one thing after a change, and why it changed.

A change never needs deciding again: applying it means storing it. `at` is set only where a change happened elsewhere
(it came in a bundle) and says when; everything else happened when its entry was committed.
`specs/store-format.md` describes each kind for other programs. Field names are snake_case, as in all of the store's
own formats; inside `trigger` stands the manifest's own spelling.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated

import msgspec

from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId, TaskName
from taskstore_specs.models import Trigger

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its zone."""


class ProjectAction(Enum):
    """Why a project changed."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    ARCHIVE = "ARCHIVE"
    RESTORE = "RESTORE"


class TaskAction(Enum):
    """Why a task version changed."""

    DEPLOY = "DEPLOY"
    ROLLBACK = "ROLLBACK"
    DELETE = "DELETE"
    UNDELETE = "UNDELETE"


class TriggerAction(Enum):
    """Why a trigger changed: Flyte's `TriggerRevisionAction`, and an operator's PAUSE and RESUME."""

    DEPLOY = "DEPLOY"
    ACTIVATE = "ACTIVATE"
    DEACTIVATE = "DEACTIVATE"
    DELETE = "DELETE"
    PAUSE = "PAUSE"
    RESUME = "RESUME"


class _Change(msgspec.Struct, frozen=True, tag_field="kind", omit_defaults=True, kw_only=True, gc=False):
    pass


class ProjectChange(_Change, frozen=True, tag="project"):
    """A project's state."""

    action: ProjectAction
    id: str
    name: str = ""
    description: str = ""
    archived: bool = False
    at: Instant | None = None


class TaskMetadata(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What listings show of a specification, taken out of it when it was deployed."""

    function_name: str = ""
    short_name: str = ""
    environment: str = ""
    env_description: str = ""
    short_description: str = ""


class TaskChange(_Change, frozen=True, tag="task"):
    """A task version's state: revision `revision` of it points at the spec `digest`.

    The version counts as created when its first revision was recorded, and as updated at each. `triggers` is the
    whole set that it was deployed with: for each name the revision of that trigger which was then current, so that a
    rollback can find the set again.
    """

    action: TaskAction
    project: str
    domain: str
    name: str
    version: str
    revision: int
    digest: Digest
    fingerprint: Digest
    metadata: TaskMetadata = TaskMetadata()
    org: str = ""
    deployed_by: str = ""
    triggers: dict[str, int] = {}
    deleted: bool = False
    at: Instant | None = None

    @property
    def task_id(self) -> TaskId:
        """Which task version this is."""
        return TaskId(self.project, self.domain, self.name, self.version)


class TriggerChange(_Change, frozen=True, tag="trigger"):
    """A trigger's state: its definition (`trigger.spec.active` is what deploys and operators last set), the version
    that it starts, an operator's hold (`paused`), and whether it is soft-deleted.

    It fires when it is active, not paused and not deleted.
    """

    action: TriggerAction
    project: str
    domain: str
    task_name: str
    task_version: str
    revision: int
    trigger: Trigger
    paused: bool = False
    deleted: bool = False
    by: str = ""
    at: Instant | None = None

    @property
    def task(self) -> TaskName:
        """The task that the trigger belongs to."""
        return TaskName(self.project, self.domain, self.task_name)


class SpecChange(_Change, frozen=True, tag="spec"):
    """A specification stored on its own, so that its blob is referenced."""

    digest: Digest
    size: int


class SourceChange(_Change, frozen=True, tag="source"):
    """A watched file was taken: `path` as the daemon names it, and the digest of the file's bytes.

    Lets the daemon know, whatever happened to its receipts, that this content was deployed already.
    """

    path: str
    digest: Digest


class BlobChange(_Change, frozen=True, tag="blob"):
    """Bytes that specifications and triggers refer to as `taskstore://NAME` (a code bundle, offloaded inputs) were
    stored, so that their blob is referenced. A name stands for the same bytes for ever.
    """

    name: str
    digest: Digest
    size: int
    media_type: str


class OriginChange(_Change, frozen=True, tag="origin"):
    """Facts of another store were taken in from a bundle: its journal is known here up to entry `sequence`, whose
    digest is `digest`.

    `scope` is empty when all of that store's facts were followed, else it names the selection of them that was.
    """

    store_id: str
    sequence: int
    digest: Digest
    scope: str = ""


Change = ProjectChange | TaskChange | TriggerChange | SpecChange | SourceChange | BlobChange | OriginChange
"""Any fact. Decoded by its `kind`."""


def blob_of(change: Change) -> tuple[Digest, int | None] | None:
    """The blob that a fact names, and its size in bytes where the fact says it."""
    match change:
        case TaskChange():
            return change.digest, None
        case SpecChange() | BlobChange():
            return change.digest, change.size
        case _:
            return None
