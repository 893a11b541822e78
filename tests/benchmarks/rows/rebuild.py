"""Rebuilding the index from the journal."""

from __future__ import annotations

from collections.abc import Iterator

from bench import Bench
from measure import Goal, Row, take_turns
from programs import run_time, taskstore


def measure(bench: Bench) -> Iterator[Row]:
    registry = bench.registry(bench.versions)
    taken = take_turns(
        bench.rounds, ours=lambda _: 1000 * registry.versions / run_time(taskstore("rebuild"), registry.root)
    )
    what = f"`taskstore rebuild`, {registry.versions:,} versions, a trigger revision each"
    yield Row("Rebuild", what, "/s", taken["ours"], goals=(Goal(50_000),))
