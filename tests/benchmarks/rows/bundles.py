"""Bundles, by the real commands: a whole store packed and taken in, and a delta. Objects are facts and blobs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import workload
from bench import Bench
from measure import Goal, Row, Series, take_turns
from programs import peak_megabytes, run_time, taskstore

from taskstore import Store
from taskstore.store.source import Source
from taskstore_specs import Format

GROUP = "Bundles"
OBJECTS_PER_REQUEST = 3
"""A version, its trigger and its specification."""
CHANGED = 100
RATE, MEMORY, DELTA_TIME, DELTA_SIZE = Goal(10_000), Goal(200), Goal(1_000), Goal(1)


@dataclass(frozen=True)
class Trip:
    """From the store `upstream` to the store `site`: everything as `whole`, then what changed as `delta`."""

    upstream: Path
    site: Path
    whole: Path
    delta: Path

    def create(self, bundle: Path, since: int = 0) -> list[str]:
        return taskstore("bundle", "create", bundle, "--since", str(since), "--store", self.upstream)

    def apply(self, bundle: Path) -> list[str]:
        return taskstore("bundle", "apply", bundle, "--store", self.site)


def measure(bench: Bench) -> Iterator[Row]:
    upstream = bench.place.new("upstream")
    Store.init(upstream, projects=[workload.PROJECT]).close()
    _deploy(upstream, range(10 * bench.manifests // OBJECTS_PER_REQUEST + 1), "v1")
    timed, watched = ([_trip(bench, upstream) for _ in range(bench.rounds)] for _ in range(2))
    objects = _count(_trip(bench, upstream))
    yield from _whole(bench, timed, watched, objects)
    since = _count_entries(upstream)
    _deploy(upstream, range(CHANGED), "v2")
    yield from _delta(bench, timed, since, objects)


def _whole(bench: Bench, timed: list[Trip], watched: list[Trip], objects: int) -> Iterator[Row]:
    taken = take_turns(
        bench.rounds,
        create=lambda turn: 1000 * objects / run_time(timed[turn].create(timed[turn].whole)),
        apply=lambda turn: 1000 * objects / run_time(timed[turn].apply(timed[turn].whole)),
        create_memory=lambda turn: peak_megabytes(watched[turn].create(watched[turn].whole), watched[turn].upstream),
        apply_memory=lambda turn: peak_megabytes(watched[turn].apply(watched[turn].whole), watched[turn].site),
    )
    yield Row(GROUP, f"create of all of a store, {objects:,} facts and blobs", "/s", taken["create"], goals=(RATE,))
    yield Row(GROUP, "apply of that to an empty store", "/s", taken["apply"], goals=(RATE,))
    yield Row(GROUP, "memory of that create, at most", "MB", taken["create_memory"], goals=(MEMORY,))
    yield Row(GROUP, "memory of that apply, at most", "MB", taken["apply_memory"], goals=(MEMORY,))


def _delta(bench: Bench, trips: list[Trip], since: int, objects: int) -> Iterator[Row]:
    taken = take_turns(
        bench.rounds,
        create=lambda turn: run_time(trips[turn].create(trips[turn].delta, since)),
        apply=lambda turn: run_time(trips[turn].apply(trips[turn].delta)),
    )
    size = Series(tuple(trip.delta.stat().st_size / 1e6 for trip in trips))
    what = f"create of a delta, {CHANGED} tasks of {objects:,} facts and blobs deployed anew"
    yield Row(GROUP, what, "ms", taken["create"], goals=(DELTA_TIME,))
    yield Row(GROUP, "apply of that delta", "ms", taken["apply"], goals=(DELTA_TIME,))
    yield Row(GROUP, "size of that delta", "MB", size, goals=(DELTA_SIZE,))


def _trip(bench: Bench, upstream: Path) -> Trip:
    site = bench.place.new("site")
    Store.init(site).close()
    return Trip(upstream, site, bench.place.new("whole.tar"), bench.place.new("delta.tar"))


def _deploy(store: Path, tasks: Iterable[int], version: str) -> None:
    with Store.open(store) as opened:
        report = opened.deploy(_sources(tasks, version))
    assert report.summary.rejected == 0


def _sources(tasks: Iterable[int], version: str) -> Iterator[Source]:
    for task in tasks:
        document = json.dumps(workload.request(task, version)).encode()
        yield Source(f"{task}.json", document, Format.JSON)


def _count(trip: Trip) -> int:
    """How many objects a bundle of everything has."""
    command = [*trip.create(trip.whole), "--json"]
    made = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return int(made["changes"]) + int(made["blobs"])


def _count_entries(store: Path) -> int:
    with Store.open(store) as opened:
        return opened.journal.head().sequence
