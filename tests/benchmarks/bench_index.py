"""How fast the index is: `python tests/benchmarks/bench_index.py [--versions 1000000] [--tasks 20000] [--no-triggers]`.

Writes a journal of that many versions, a trigger each, into a temporary folder, builds the index from it in both ways
(rebuilt at once, and taken in entry by entry) and times what users wait for. Prints a table; asserts nothing.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from taskstore.index import Index, current
from taskstore.index.queries import (
    TaskQuery,
    TriggerQuery,
    VersionQuery,
    find_version,
    list_tasks,
    list_triggers,
    list_versions,
    parse_filter,
)
from taskstore.journal import Entry, FileJournal, Head
from taskstore.journal.changes import Change, TaskAction, TaskChange, TaskMetadata, TriggerAction, TriggerChange
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskName
from taskstore_specs.models import AutomationSpec, AutomationType, Cron, Schedule, Trigger, TriggerSpec

START = datetime(2026, 1, 1, tzinfo=UTC)
PER_ENTRY = 2_000
TRIGGER = Trigger(
    "daily",
    TriggerSpec(active=True, description="Every night"),
    AutomationSpec(AutomationType.SCHEDULE, Schedule(cron=Cron("0 2 * * *", "Europe/Berlin"))),
)


def task_name(number: int) -> TaskName:
    """Tasks spread over 20 projects and 3 domains."""
    domain = ("development", "staging", "production")[number % 3]
    return TaskName(f"project{number % 20}", domain, f"core.module_{number % 500}.task_{number}")


def deploy(task: int, version: int, *, trigger: bool) -> list[Change]:
    """The changes of deploying a new version of a task with one trigger."""
    name = task_name(task)
    metadata = TaskMetadata(
        function_name=f"task_{task}",
        environment=f"core.module_{task % 500}",
        env_description="Production environment",
        short_description=f"Does what task {task} does.",
    )
    changes: list[Change] = [
        TaskChange(
            action=TaskAction.DEPLOY,
            **msgspec.structs.asdict(name),
            version=f"v{version}",
            revision=1,
            digest=Digest.of(f"{task}/{version}".encode()),
            fingerprint=Digest.of(f"{task}/{version // 10}".encode()),
            metadata=metadata,
            deployed_by=f"user{task % 7}@host",
            triggers={"daily": version + 1} if trigger else {},
        )
    ]
    if trigger:
        changes.append(
            TriggerChange(
                action=TriggerAction.DEPLOY,
                project=name.project,
                domain=name.domain,
                task_name=name.name,
                task_version=f"v{version}",
                revision=version + 1,
                trigger=TRIGGER,
                by="user@host",
            )
        )
    return changes


def registry(versions: int, tasks: int, *, triggers: bool) -> Iterator[tuple[Change, ...]]:
    """What each entry records: rounds of new versions over all tasks, in an order that is not theirs."""
    entry: list[Change] = []
    for number in range(versions):
        entry += deploy(number * 7919 % tasks, number // tasks, trigger=triggers)
        if (number + 1) % PER_ENTRY == 0:
            yield tuple(entry)
            entry = []
    if entry:
        yield tuple(entry)


def following(head: Head, changes: tuple[Change, ...]) -> Entry:
    """The entry that records `changes` behind `head`."""
    at = START + timedelta(seconds=head.sequence)
    return Entry(head.sequence + 1, head.digest, at, "user@host", changes)


def timed(label: str, work: Callable[[], object], *, repeat: int = 15) -> None:
    """Print the median, the best and the worst time of `work`."""
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    print(f"{label:58} {statistics.median(times):9.2f} ms   {min(times):9.2f} .. {max(times):.2f}", flush=True)


def bench_reads(index: Index) -> None:
    """Time queries within a lease, and whole operations that open and close the file."""
    name = task_name(7)
    with index.write() as writer:
        middle = writer.head.sequence // 2

    def cold(question: Callable[[], object]) -> Callable[[], object]:
        def run() -> None:
            index.close()
            question()
            index.close()

        return run

    def ask(question: Callable[..., object], *arguments: object) -> Callable[[], object]:
        return lambda: index.ask(lambda connection: question(connection, *arguments))

    environment = parse_filter("environment=core.module_7")
    questions = {
        "nothing": ask(lambda connection: None),
        "list, all, first page": ask(list_tasks, TaskQuery()),
        "list -p -d, first page": ask(list_tasks, TaskQuery(project="project7", domain="staging")),
        "list -p -d, filtered by environment": ask(
            list_tasks, TaskQuery(project="project7", domain="staging", filters=(environment,))
        ),
        "list, all, filtered by environment": ask(list_tasks, TaskQuery(filters=(environment,))),
        "list --all-versions, first page": ask(list_tasks, TaskQuery(all_versions=True)),
        "list --all": ask(list_tasks, TaskQuery(limit=None)),
        "list -p -d as of the middle": ask(list_tasks, TaskQuery(project="project7", domain="staging", as_of=middle)),
        "list, all, as of the middle": ask(list_tasks, TaskQuery(as_of=middle)),
        "versions": ask(list_versions, VersionQuery(name)),
        "show, newest": ask(find_version, name),
        "show, one version": ask(find_version, name, "v3"),
        "triggers of a task": ask(
            list_triggers, TriggerQuery(project=name.project, domain=name.domain, task_name=name.name)
        ),
        "state for a plan of one task": ask(current, {"project7"}, {name.at("v3")}, {name}),
        "state for a plan of 2,000 tasks": ask(
            current, {"project7"}, {task_name(n).at("v3") for n in range(2000)}, {task_name(n) for n in range(2000)}
        ),
    }
    for label, question in questions.items():
        timed(f"{label} (warm)", question, repeat=3 if "as of" in label else 15)
    for label in ("nothing", "list -p -d, first page", "versions", "show, newest"):
        timed(f"{label} (open, query, close)", cold(questions[label]))


def bench_writes(index: Index, journal: FileJournal, *, trigger: bool) -> None:
    """Time taking in one deploy, within a lease and with opening and closing the file."""
    versions = iter(range(1_000_000, 2_000_000))

    def write() -> None:
        with index.write() as writer:
            entry = following(writer.head, tuple(deploy(7, next(versions), trigger=trigger)))
            head = journal.append(entry)
            started = time.perf_counter()
            writer.apply([(entry, head.digest)])
            applied.append(time.perf_counter() - started)

    def cold() -> None:
        index.close()
        write()
        index.close()

    applied: list[float] = []
    timed("journal append and apply of one deploy (warm)", write)
    print(f"{'  of which apply':58} {1000 * statistics.median(applied):9.2f} ms")
    timed("open, append, apply one deploy, close", cold)


def main() -> None:
    """Run it all in a folder that is removed afterwards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, default=1_000_000)
    parser.add_argument("--tasks", type=int, default=20_000)
    parser.add_argument("--no-triggers", action="store_true")
    parser.add_argument("--keep", type=Path, help="a folder to use, and to find the journal in if it is there")
    options = parser.parse_args()
    root = options.keep or Path(tempfile.mkdtemp(prefix="bench-index-"))
    for folder in ("journal", "tmp", "locks"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    journal = FileJournal(root, "bench")
    if journal.head().sequence == 0:
        for changes in registry(options.versions, options.tasks, triggers=not options.no_triggers):
            journal.append(following(journal.head(), changes))
    index = Index(root / "index.duckdb", root / "locks", journal)
    started = time.perf_counter()
    index.rebuild()
    index.close()
    seconds = time.perf_counter() - started
    print(f"rebuild: {seconds:.1f} s, {options.versions / seconds:,.0f} versions/s")
    print(f"file: {(root / 'index.duckdb').stat().st_size / 1e6:.0f} MB")
    bench_reads(index)
    bench_writes(index, journal, trigger=not options.no_triggers)
    index.close()
    print(f"file: {(root / 'index.duckdb').stat().st_size / 1e6:.0f} MB")
    if options.keep is None:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
