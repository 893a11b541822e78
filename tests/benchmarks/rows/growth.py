"""How figures change with the size of the registry."""

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
    """Each figure at each size; of the sizes only one store is deployed to, a copy."""
    for size in bench.sizes:
        yield from _at(bench, size)


def _at(bench: Bench, size: int) -> Iterator[Row]:
    group = f"Growth, {size:,} versions"
    root = bench.registry(size).root
    shown = str(task_name(7))
    taken = take_turns(
        5 * bench.rounds,
        listed=lambda _: run_time(taskstore("list"), root),
        scoped=lambda _: run_time(taskstore("list", "-p", "project7", "-d", "staging"), root),
        versions=lambda _: run_time(taskstore("versions", shown), root),
        show=lambda _: run_time(taskstore("show", shown), root),
    )
    names = {"listed": "`list`", "scoped": "`list -p P -d D`", "versions": "`versions TASK`", "show": "`show TASK`"}
    for name, what in names.items():
        yield Row(group, what, "ms", taken[name])
    single = one_deploy(bench, size)
    yield Row(group, "one deploy, library, warm", "ms", single.ours, single.beside)
    folders = []
    for turn in range(bench.rounds):
        requests = [workload.request(number, f"round-{turn}") for number in range(FILES)]
        folders.append(bench.place.new("manifests"))
        workload.write_requests(folders[-1], requests)
    copy = bench.place.new("copy")
    shutil.copytree(root, copy)
    batch = take_turns(
        bench.rounds,
        ours=lambda turn: 1000 * FILES / run_time(taskstore("deploy", "--json", folders[turn]), copy),
    )
    yield Row(group, f"`deploy` of {FILES:,} manifests (JSON, one trigger each)", "/s", batch["ours"])
    rebuilt = take_turns(bench.rounds, ours=lambda _: 1000 * size / run_time(taskstore("rebuild"), copy))
    yield Row(group, "`rebuild`", "/s", rebuilt["ours"])
