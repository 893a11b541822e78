"""Reading a large registry: lists beside Flyte's on PostgreSQL, a task's versions, one version in full."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from bench import Bench
from measure import Goal, Row, Series, milliseconds, percentile, take_turns
from registry import Registry, task_name

from taskstore import Store, TaskQuery, VersionQuery

GROUP = "Reading"
SCOPE = {"project": "project7", "domain": "staging"}
CALLS = 500
TIMES = 5


def measure(bench: Bench) -> Iterator[Row]:
    registry = bench.registry(bench.versions)
    size = f"{registry.versions:,} versions of {registry.tasks:,} tasks"
    if bench.postgres:
        bench.postgres.create("listing")
        bench.postgres.run("listing", "fill.sql", versions=registry.versions, tasks=registry.tasks)
    with Store.open(registry.root) as store:
        lists = {
            f"list newest of all, with totals, {size}": (TaskQuery(), "list_all.sql", 1 / 20),
            "list newest of one project and domain": (TaskQuery(**SCOPE), "list_scoped.sql", 1 / 5),
        }
        for what, (query, script, most) in lists.items():
            yield _beside_postgres(
                bench, what, _opened(store, lambda query=query: store.list_tasks(query)), script, most
            )
        versions = _opened(store, lambda: store.list_versions(VersionQuery(task_name(7))))
        yield _beside_postgres(bench, "versions of one task", versions, "versions.sql", None)
        yield from warm(store, registry)


def warm(store: Store, registry: Registry) -> Iterator[Row]:
    """Single calls within a lease: the 99th percentile of many, over tasks at random."""
    chosen = random.Random(7)
    names = [task_name(chosen.randrange(registry.tasks)) for _ in range(CALLS)]
    store.list_tasks()
    at = f"library, within a lease, {registry.versions:,} versions, p99"
    works: dict[str, Callable[[int], object]] = {
        "versions": lambda number: store.list_versions(VersionQuery(names[number])),
        "show": lambda number: store.show_task(names[number]),
        "page of `list -p -d`": lambda _: store.list_tasks(TaskQuery(**SCOPE)),
    }
    for name, work in works.items():
        times = [milliseconds(lambda work=work, number=number: work(number)) for number in range(CALLS)]
        most = 50 if "list" in name else 10
        yield Row(GROUP, f"{name}, {at}", "ms", Series((percentile(times, 0.99),)), goals=(Goal(most),))


def _opened(store: Store, work: Callable[[], object]) -> Callable[[], object]:
    """`work` on an index that is opened for it and closed after it."""

    def run() -> None:
        store.close()
        work()
        store.close()

    return run


def _average(work: Callable[[], object]) -> float:
    """How long `work` takes once it is warm, as pgbench is asked for the other side."""
    work()
    return milliseconds(lambda: [work() for _ in range(TIMES)]) / TIMES


def _beside_postgres(bench: Bench, what: str, work: Callable[[], object], script: str, most: float | None) -> Row:
    works = {"ours": lambda _: _average(work)}
    if bench.postgres:
        postgres = bench.postgres
        works["postgres"] = lambda _: postgres.milliseconds("listing", script, 2)
    taken = take_turns(bench.rounds, **works)
    peers = {"PostgreSQL": taken["postgres"]} if "postgres" in taken else {}
    goals = (Goal(most, "PostgreSQL"),) if peers and most else ()
    return Row(GROUP, f"{what} (library: open, query, close)", "ms", taken["ours"], peers, goals)
