"""Whole processes: what a person waits for who runs a command, beside what its imports alone take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import workload
from bench import Bench
from measure import Goal, Row, take_turns
from programs import python, run_time, taskstore
from registry import task_name

from taskstore import Store

GROUP = "Processes"
TIMES = 10


def measure(bench: Bench) -> Iterator[Row]:
    empty = bench.place.new("empty")
    Store.init(empty, projects=[workload.PROJECT]).close()
    small = bench.registry(min(bench.sizes)).root
    large = bench.registry(bench.versions).root
    rounds = TIMES * bench.rounds
    shown = str(task_name(7))
    taken = take_turns(
        rounds,
        duckdb=lambda _: run_time(python("import duckdb")),
        list=lambda _: run_time(taskstore("list"), small),
        show=lambda _: run_time(taskstore("show", shown), small),
    )
    for name in ("list", "show"):
        what = f"`taskstore {name}`, {min(bench.sizes):,} versions"
        yield Row(GROUP, what, "ms", taken[name], {"import duckdb": taken["duckdb"]}, (Goal(1.8, "import duckdb"),))
    light = take_turns(
        rounds,
        click=lambda _: run_time(python("import click")),
        version=lambda _: run_time(taskstore("--version")),
        help=lambda _: run_time(taskstore("--help")),
        completion=lambda _: run_time(
            taskstore(), _TASKSTORE_COMPLETE="bash_complete", COMP_WORDS="taskstore li", COMP_CWORD="1"
        ),
    )
    for name, what in (("version", "`--version`"), ("help", "`--help`"), ("completion", "completion of a command")):
        yield Row(GROUP, what, "ms", light[name], {"import click": light["click"]}, (Goal(1.5, "import click"),))
    yield from _at_large(bench, empty, large, shown)


def _at_large(bench: Bench, empty: Path, large: Path, shown: str) -> Iterator[Row]:
    taken = take_turns(
        TIMES * bench.rounds,
        empty=lambda _: run_time(taskstore("list"), empty),
        scoped=lambda _: run_time(taskstore("list", "-p", "project7", "-d", "staging"), large),
        versions=lambda _: run_time(taskstore("versions", shown), large),
    )
    for name, what in (("scoped", "`list -p P -d D`"), ("versions", "`versions TASK`")):
        row = f"{what}, {bench.versions:,} versions"
        yield Row(
            GROUP, row, "ms", taken[name], {"`list`, empty store": taken["empty"]}, (Goal(2, "`list`, empty store"),)
        )
