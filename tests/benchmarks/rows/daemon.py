"""The daemon: how soon a dropped file is listed, alone and in a flood, how fast the flood is, what idling costs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import workload
from bench import Bench
from measure import Goal, Row, Series, percentile, take_turns
from watched import Watched, megabytes, processor_seconds

from taskstore import Store, TaskQuery

GROUP = "Daemon"
VERSION = "20290b0faa36"
PAUSE = 0.06
IDLE = 10.0
LONE = "lone"


def measure(bench: Bench) -> Iterator[Row]:
    yield from _singles(bench, bench.manifests // 20)
    yield from _floods(bench, bench.manifests)
    yield from _idle(bench, 10 * bench.manifests)


def _singles(bench: Bench, count: int) -> Iterator[Row]:
    watched, paths = _watched(bench, count)
    with watched.daemon():
        taken = []
        for number, path in enumerate(paths):
            taken.append(watched.listed_after(path, workload.name(number)))
            time.sleep(PAUSE)
    what = f"one file dropped by rename, until a fresh process has listed it, {count:,} drops"
    for share, limit in ((0.5, 50), (0.99, 150)):
        figure = percentile(taken, share)
        yield Row(GROUP, f"{what}, p{100 * share:.0f}", "ms", Series((figure,)), goals=(Goal(limit),))


def _floods(bench: Bench, count: int) -> Iterator[Row]:
    def flood(_: int) -> float:
        watched, paths = _watched(bench, count)
        with watched.daemon():
            begun = _move_in(watched, paths)
            watched.until_recorded(count)
            _until_listed(watched, count)
            return count / (time.perf_counter() - begun)

    def lone(_: int) -> float:
        watched, [first, *paths] = _watched(bench, count)
        (watched.inbox / LONE).mkdir()
        with watched.daemon():
            _move_in(watched, paths)
            watched.until_recorded(1)
            return watched.listed_after(first, workload.name(0), LONE)

    taken = take_turns(bench.rounds, flood=flood, lone=lone)
    what = f"{count:,} distinct manifests (JSON, 4.3 KB, one trigger each) moved into the inbox at once"
    yield Row(GROUP, f"{what}, until all are listed", "/s", taken["flood"], goals=(Goal(4_000),))
    what = "one file dropped into another folder meanwhile, until a fresh process has listed it"
    yield Row(GROUP, what, "ms", taken["lone"], goals=(Goal(1_000),))


def _idle(bench: Bench, count: int) -> Iterator[Row]:
    watched, _ = _watched(bench, 0)
    for number in range(count):
        (watched.inbox / f"{number:06}.json").write_bytes(_small(number))
    with watched.daemon() as pid:
        watched.until_recorded(count)
        yield _memory(f"{count:,} watched files, idle after all of them were taken", pid)
    with watched.daemon() as pid:
        yield _memory(f"{count:,} watched files, idle after a restart", pid)
        before = processor_seconds(pid)
        time.sleep(IDLE)
        share = 100 * (processor_seconds(pid) - before) / IDLE
    yield Row(GROUP, "the same, of one core", "%", Series((share,)), goals=(Goal(1),))


def _watched(bench: Bench, count: int) -> tuple[Watched, list[Path]]:
    """A store, its inbox, and files that wait beside it on the same filesystem."""
    requests = [workload.request(number, VERSION) for number in range(count)]
    paths = workload.write_requests(bench.place.new("waiting"), requests)
    return Watched(bench.place.new("store"), bench.place.new("inbox")), paths


def _move_in(watched: Watched, paths: list[Path]) -> float:
    begun = time.perf_counter()
    for path in paths:
        path.rename(watched.inbox / path.name)
    return begun


def _until_listed(watched: Watched, count: int) -> None:
    with Store.open(watched.root) as store:
        while store.list_tasks(TaskQuery(limit=1)).total < count:
            store.close()


def _memory(what: str, pid: int) -> Row:
    """Taken once the daemon has been at rest for a while."""
    taken = -1.0
    while (now := processor_seconds(pid)) - taken > 0.1:
        taken = now
        time.sleep(2)
    return Row(GROUP, f"{what}, memory", "MB", Series((megabytes(pid),)), goals=(Goal(150),))


def _small(number: int) -> bytes:
    identity = {"project": workload.PROJECT, "domain": workload.DOMAIN, "name": f"small.task_{number}", "version": "v1"}
    template = {"type": "python", "container": {"image": f"registry.example.org/flyte:{number}"}}
    return json.dumps({"task_id": identity, "spec": {"task_template": template}}).encode()
