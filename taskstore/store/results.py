"""What a store answers."""

from __future__ import annotations

from datetime import datetime

import msgspec

from taskstore.errors import TaskstoreError
from taskstore.plan.outcome import Outcome
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId


class DeployResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one document of one file.

    `task` of a task, `project` of a project, neither of a file that could not be read. `document` counts from 0.
    `sequence` is the journal entry that recorded it; None when nothing was recorded. `error` is set exactly when the
    outcome is `rejected`.
    """

    path: str
    document: int
    outcome: Outcome
    task: TaskId | None = None
    project: str | None = None
    digest: Digest | None = None
    revision: int | None = None
    sequence: int | None = None
    warnings: tuple[str, ...] = ()
    error: TaskstoreError | None = None


class DeploySummary(msgspec.Struct, frozen=True):
    """How many documents came to each outcome."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0


class DeployReport(msgspec.Struct, frozen=True):
    """What became of every document, in the order given."""

    results: tuple[DeployResult, ...]

    @property
    def summary(self) -> DeploySummary:
        """The results, counted."""
        outcomes = [result.outcome.value for result in self.results]
        return DeploySummary(**{outcome.value: outcomes.count(outcome.value) for outcome in Outcome})


class SpecResult(msgspec.Struct, frozen=True):
    """A specification that was put: `created` unless the registry had it. `size` in bytes."""

    digest: Digest
    size: int
    created: bool


class SpecListing(msgspec.Struct, frozen=True):
    """A specification: its digest, its size in bytes (None when its blob is missing, which fsck explains), how many
    task versions it was ever deployed as, and when it was first named."""

    digest: Digest
    size: int | None
    versions: int
    created_at: datetime


class RebuildResult(msgspec.Struct, frozen=True):
    """The index is new and stands at journal entry `sequence`; it took `seconds`."""

    sequence: int
    seconds: float
