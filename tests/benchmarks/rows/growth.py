"""How figures change with the size of the registry.

A registry beyond the large one of the other groups is only read and deployed to singly: the rest takes minutes there.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import workload
from bench import Bench
from measure import Row, take_turns
from programs import run_time, taskstore
from registry import task_name

from rows.deploys import one_deploy

FILES = 2_000


def measure(bench: Bench) -> Iterator[Row]:
    """Each figure at each size."""
    for size in bench.sizes:
        group = f"Growth, {size:,} versions"
        yield from _reads(bench, size, group)
        single = one_deploy(bench, size)
        yield Row(group, "one deploy, library, warm", "ms", single.ours, single.beside)
        if size <= bench.versions:
            yield from _whole(bench, size, group)


def _reads(bench: Bench, size: int, group: str) -> Iterator[Row]:
    root = bench.registry(size).root
    shown = str(task_name(7))
    works = {
        "`list`": ["list"],
        "`list -p P -d D`": ["list", "-p", "project7", "-d", "staging"],
        "`versions TASK`": ["versions", shown],
        "`show TASK`": ["show", shown],
    }
    turns = {
        what: (lambda _, arguments=arguments: run_time(taskstore(*arguments), root))
        for what, arguments in works.items()
    }
    for what, series in take_turns(5 * bench.rounds, **turns).items():
        yield Row(group, what, "ms", series)


def _whole(bench: Bench, size: int, group: str) -> Iterator[Row]:
    """What changes much of a store or reads all of it, on a copy."""
    folders = []
    for turn in range(bench.rounds):
        requests = [workload.request(number, f"round-{turn}") for number in range(FILES)]
        folders.append(bench.place.new("manifests"))
        workload.write_requests(folders[-1], requests)
    copy = bench.place.new("copy")
    shutil.copytree(bench.registry(size).root, copy)
    batch = take_turns(
        bench.rounds,
        ours=lambda turn: 1000 * FILES / run_time(taskstore("deploy", "--json", folders[turn]), copy),
    )
    yield Row(group, f"`deploy` of {FILES:,} manifests (JSON, one trigger each)", "/s", batch["ours"])
    rebuilt = take_turns(bench.rounds, ours=lambda _: 1000 * size / run_time(taskstore("rebuild"), copy))
    yield Row(group, "`rebuild`", "/s", rebuilt["ours"])
