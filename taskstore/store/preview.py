"""What a deploy would do: which fields of the specification, which triggers, which fire times. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum
from itertools import islice
from typing import Any

import msgspec
from duckdb import DuckDBPyConnection

from taskstore.cas import BlobStore
from taskstore.index import Index
from taskstore.index.queries import find_version
from taskstore.journal.changes import TriggerChange
from taskstore.plan.deploy import Planned, Refused, plan
from taskstore.plan.diff import Differences, diff
from taskstore.plan.fires import fire_times
from taskstore.plan.outcome import Outcome
from taskstore.plan.policy import Policy
from taskstore.plan.prepare import PreparedTask
from taskstore.plan.state import State
from taskstore.store.deploy import describe, refusal, state_of
from taskstore.store.preparing import PreparedFile, prepare_file
from taskstore.store.results import DeployResult
from taskstore.store.signed import Guard, guarded
from taskstore.store.source import Source
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId

FIRES_SHOWN = 3
_HORIZON = timedelta(days=366)


class TriggerPlan(Enum):
    """What a deploy would do to a trigger. One that is only `moved` starts another version and is else the same."""

    ADDED = "added"
    CHANGED = "changed"
    MOVED = "moved"
    PRUNED = "pruned"


class TriggerPreview(msgspec.Struct, frozen=True):
    """What would become of a trigger, and when it fires next as it is (`before`) and as it would be (`after`)."""

    name: str
    plan: TriggerPlan
    differences: Differences
    fires_before: tuple[datetime, ...]
    fires_after: tuple[datetime, ...]


class DeployPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of one document.

    `compared_to` is the version whose specification `differences` starts from: the one that would be replaced, else the
    task's newest. `only_version_changed`: the fingerprints are equal, so the differences are the version's own stamp.
    """

    result: DeployResult
    compared_to: TaskId | None = None
    only_version_changed: bool = False
    differences: Differences = Differences(())
    triggers: tuple[TriggerPreview, ...] = ()


def preview(
    read: Iterable[Source],
    index: Index,
    blobs: BlobStore,
    policy: Policy,
    guard: Guard | None,
    *,
    by: str,
    now: datetime,
) -> tuple[DeployPreview, ...]:
    """What deploying each source in turn would do. Raises BusyError, BlobDamagedError."""
    prepared = [prepare_file(source) for source in read]
    if guard is not None:
        prepared = guarded(prepared, guard, {})
    files = [file for file in prepared if isinstance(file, PreparedFile)]
    with index.read() as connection:
        previewer = _Previewer(connection, blobs, state_of(files, connection), now)
        return tuple(
            document
            for file in prepared
            for document in (
                previewer.file(file, policy, by) if isinstance(file, PreparedFile) else [DeployPreview(result=file)]
            )
        )


class _Previewer:
    """Goes through the files in turn; each sees what those before it would have done."""

    def __init__(self, connection: DuckDBPyConnection, blobs: BlobStore, state: State, now: datetime) -> None:
        self._connection, self._blobs, self._state, self._now = connection, blobs, state, now
        self._specs: dict[Digest, bytes] = {}

    def file(self, file: PreparedFile, policy: Policy, by: str) -> list[DeployPreview]:
        [result] = plan([file.documents], self._state, policy, by)
        if isinstance(result, Refused):
            return [
                DeployPreview(result=describe(file, number, Outcome.REJECTED, error=refusal(number, result)))
                for number in range(len(file.documents))
            ]
        return [self._document(file, number, planned) for number, planned in enumerate(result)]

    def _document(self, file: PreparedFile, number: int, planned: Planned) -> DeployPreview:
        document = file.documents[number]
        result = describe(file, number, planned.outcome, planned=planned)
        if not isinstance(document, PreparedTask):
            self._take(planned)
            return DeployPreview(result=result)
        compared_to, digest, fingerprint = self._baseline(document.task_id)
        before = msgspec.json.decode(self._spec(digest)) if digest else {}
        shown = DeployPreview(
            result=result,
            compared_to=compared_to,
            only_version_changed=fingerprint == document.fingerprint and digest != document.digest,
            differences=diff(before, msgspec.json.decode(document.spec)),
            triggers=self._triggers(document.task_id, planned),
        )
        self._specs[document.digest] = document.spec
        self._take(planned)
        return shown

    def _take(self, planned: Planned) -> None:
        for change in planned.changes:
            self._state.apply(change)

    def _baseline(self, task_id: TaskId) -> tuple[TaskId | None, Digest | None, Digest | None]:
        same = self._state.versions.get(task_id)
        if same is not None:
            return task_id, same.digest, same.fingerprint
        newest = find_version(self._connection, task_id.task)
        if newest is not None:
            return task_id.task.at(newest.version), newest.digest, newest.fingerprint
        return None, None, None

    def _spec(self, digest: Digest) -> bytes:
        return self._specs[digest] if digest in self._specs else self._blobs.get(digest)

    def _triggers(self, task_id: TaskId, planned: Planned) -> tuple[TriggerPreview, ...]:
        existing = self._state.triggers_of(task_id.task)
        changes = [change for change in planned.changes if isinstance(change, TriggerChange)]
        return tuple(self._trigger(existing.get(change.trigger.name), change) for change in changes)

    def _trigger(self, before: TriggerChange | None, after: TriggerChange) -> TriggerPreview:
        live = before if before is not None and not before.deleted else None
        differences = diff(_definition(live), _definition(None if after.deleted else after))
        if after.deleted:
            kind = TriggerPlan.PRUNED
        elif live is None:
            kind = TriggerPlan.ADDED
        else:
            kind = TriggerPlan.CHANGED if differences.changes else TriggerPlan.MOVED
        return TriggerPreview(after.trigger.name, kind, differences, self._fires(live), self._fires(after))

    def _fires(self, trigger: TriggerChange | None) -> tuple[datetime, ...]:
        if trigger is None or trigger.deleted or trigger.paused or not trigger.trigger.spec.active:
            return ()
        schedule = trigger.trigger.automation_spec.schedule
        if schedule is None:
            return ()
        return tuple(islice(fire_times(schedule, self._now, self._now, self._now + _HORIZON), FIRES_SHOWN))


def _definition(trigger: TriggerChange | None) -> Any:
    return msgspec.to_builtins(trigger.trigger) if trigger is not None else {}
