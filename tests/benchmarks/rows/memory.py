"""The most memory that a command comes to, whatever the size of the registry."""

from __future__ import annotations

from collections.abc import Iterator

import workload
from bench import Bench
from measure import Goal, Row, Series
from programs import peak_megabytes, taskstore

UNBOUNDED = "list --all"
"""Holds its whole answer, since a table is as wide as its widest row."""


def measure(bench: Bench) -> Iterator[Row]:
    size = max(bench.sizes)
    root = bench.registry(size).root
    folder = bench.place.new("manifests")
    workload.write_requests(folder, [workload.request(number, workload.FRESH) for number in range(bench.manifests)])
    commands = {
        "list": ["list"],
        UNBOUNDED: ["list", "--all"],
        f"deploy, {bench.manifests:,} manifests": ["deploy", "--json", str(folder)],
        "rebuild": ["rebuild"],
        "fsck": ["fsck"],
    }
    for name, arguments in commands.items():
        peak = peak_megabytes(taskstore(*arguments), root)
        goals = () if name == UNBOUNDED else (Goal(300),)
        yield Row("Memory", f"`{name}`, {size:,} versions, peak", "MB", Series((peak,)), goals=goals)
