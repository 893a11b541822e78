"""Registries of any size: stores whose journal is written straight, without manifests, and whose index is rebuilt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import workload

from taskstore import Store
from taskstore.journal import Entry, Head
from taskstore.journal.changes import Change, TaskAction, TaskChange, TaskMetadata, TriggerAction, TriggerChange
from taskstore.plan.prepare import PreparedTask, prepare
from taskstore_specs import Format, read_manifest
from taskstore_specs.identity import TaskName
from taskstore_specs.models import AutomationSpec, AutomationType, Cron, Schedule, Trigger, TriggerSpec

START = datetime(2026, 1, 1, tzinfo=UTC)
VERSIONS_PER_ENTRY = 2_000
PROJECTS, DOMAINS, SPECS = 20, ("development", "staging", "production"), 100
TRIGGER = Trigger(
    "daily",
    TriggerSpec(active=True, description="Every night"),
    AutomationSpec(AutomationType.SCHEDULE, Schedule(cron=Cron("0 2 * * *", "Europe/Berlin"))),
)


@dataclass(frozen=True)
class Registry:
    """A store at `root` with `versions` versions of `tasks` tasks, each with one trigger; they share 100 specs."""

    root: Path
    versions: int
    tasks: int


def task_name(number: int) -> TaskName:
    """Task `number`, somewhere in 20 projects and 3 domains."""
    return TaskName(
        f"project{number % PROJECTS}", DOMAINS[number % len(DOMAINS)], f"core.module_{number % 500}.task_{number}"
    )


def build(root: Path, versions: int, tasks: int) -> None:
    """Make the store of a Registry: its blobs, its journal and its index."""
    with Store.init(root, projects=[f"project{number}" for number in range(PROJECTS)]) as store:
        store.create_project(workload.PROJECT)
        specs = [_prepared(number) for number in range(SPECS)]
        store.blobs.put_many({spec.digest: spec.spec for spec in specs})
        head = store.journal.head()
        for changes in _entries(versions, tasks, specs):
            at = START + timedelta(days=365, seconds=head.sequence)
            head = store.journal.append(Entry(head.sequence + 1, head.digest, _not_before(head, at), "bench", changes))
        store.rebuild()


def _not_before(head: Head, at: datetime) -> datetime:
    return max(at, head.committed_at) if head.committed_at else at


def _prepared(number: int) -> PreparedTask:
    request = workload.request(number, "v0", spec=number)
    (read,) = read_manifest("bench", msgspec.json.encode(request), Format.JSON)
    prepared = prepare(read)
    assert isinstance(prepared, PreparedTask)
    return prepared


def _entries(versions: int, tasks: int, specs: list[PreparedTask]) -> Iterator[tuple[Change, ...]]:
    """Rounds of new versions over all tasks, in an order that is not theirs."""
    for start in range(0, versions, VERSIONS_PER_ENTRY):
        changes: list[Change] = []
        for number in range(start, min(start + VERSIONS_PER_ENTRY, versions)):
            task = number * 7919 % tasks
            changes += _deploy(task, number // tasks, specs[task % len(specs)])
        yield tuple(changes)


def _deploy(task: int, version: int, spec: PreparedTask) -> tuple[TaskChange, TriggerChange]:
    name = task_name(task)
    deployed = TaskChange(
        action=TaskAction.DEPLOY,
        project=name.project,
        domain=name.domain,
        name=name.name,
        version=f"v{version}",
        revision=1,
        digest=spec.digest,
        fingerprint=spec.fingerprint,
        metadata=TaskMetadata(
            function_name=f"task_{task}",
            environment=f"core.module_{task % 500}",
            env_description="Production environment",
            short_description=f"Does what task {task} does.",
        ),
        deployed_by=f"user{task % 7}@host",
        triggers={TRIGGER.name: version + 1},
    )
    moved = TriggerChange(
        action=TriggerAction.DEPLOY,
        project=name.project,
        domain=name.domain,
        task_name=name.name,
        task_version=f"v{version}",
        revision=version + 1,
        trigger=TRIGGER,
        by="user@host",
    )
    return deployed, moved
