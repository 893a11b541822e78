"""Deploying: thousands of manifests by the command, and one at a time by the library."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import workload
from bench import Bench
from measure import Goal, Row, milliseconds, take_turns
from peers.floors import BareTable, write_one
from programs import program, run_time, taskstore

from taskstore import Format, Source, Store

GROUP = "Deploy"
VERSION = "20290b0faa36"
SPECS = 100
BARE_DEPLOY = Path(__file__).parents[1] / "peers" / "bare_deploy.py"


def measure(bench: Bench) -> Iterator[Row]:
    count = bench.manifests
    distinct = [workload.request(number, VERSION) for number in range(count)]
    shared = [workload.request(number % SPECS, f"v{number // SPECS}", spec=number % SPECS) for number in range(count)]
    for request in shared:
        del request["triggers"]
    as_json = _manifests(bench, distinct)
    as_yaml = _manifests(bench, distinct, "yaml")
    shared_json = _manifests(bench, shared)
    works = {
        "json": lambda _: deploy_rate(bench, as_json, count),
        "floor": lambda _: 1000 * count / run_time([*program(BARE_DEPLOY), str(as_json), str(bench.place.new("bare"))]),
    }
    if bench.postgres:
        postgres = bench.postgres
        postgres.create("deploys")
        works["one"] = lambda turn: postgres.deploys_per_second("deploys", 1, count, turn * count)
        works["four"] = lambda turn: postgres.deploys_per_second("deploys", 4, count, (bench.rounds + turn) * count)
    taken = take_turns(bench.rounds, **works)
    peers = {
        "floor": taken["floor"],
        "PostgreSQL, 1 connection": taken.get("one"),
        "PostgreSQL, 4 connections": taken.get("four"),
    }
    yield Row(
        GROUP,
        f"`taskstore deploy` of {count:,} distinct manifests (JSON, 4.3 KB, one trigger each)",
        "/s",
        taken["json"],
        {name: series for name, series in peers.items() if series},
        (Goal(5_000), Goal(5, "PostgreSQL, 1 connection"), Goal(1.5, "PostgreSQL, 4 connections"))
        if bench.postgres
        else (Goal(5_000),),
    )
    yaml = take_turns(bench.rounds, ours=lambda _: deploy_rate(bench, as_yaml, count))["ours"]
    yield Row(GROUP, "the same in YAML", "/s", yaml, goals=(Goal(2_500),))
    again = take_turns(bench.rounds, ours=lambda _: deploy_rate(bench, shared_json, count))["ours"]
    yield Row(GROUP, f"{count:,} new versions that share {SPECS} specs, no triggers", "/s", again, goals=(Goal(8_000),))
    corpus = Path(__file__).parents[4] / "shared" / "corpus" / "camel"
    if corpus.is_dir():
        files = len(list(corpus.iterdir()))
        real = take_turns(bench.rounds, ours=lambda _: deploy_rate(bench, corpus, files))["ours"]
        yield Row(GROUP, f"the {files} real requests of the corpus, as one process", "/s", real, goals=(Goal(2_000),))
    yield one_deploy(bench, min(bench.sizes))


def one_deploy(bench: Bench, versions: int) -> Row:
    """A deploy by the library into a registry of so many versions, one at a time, beside what it cannot do without."""
    registry = bench.registry(versions)
    times = 40
    floor_root = bench.place.new("floor")
    floor_root.mkdir()
    table = BareTable(floor_root / "index.duckdb", versions)
    numbers = itertools.count()

    def floor(_: int) -> float:
        def one() -> None:
            name = str(next(numbers))
            write_one(floor_root, f"blob-{name}", bytes(2_700))
            write_one(floor_root, f"entry-{name}", bytes(1_400))
            table.upsert(f"task_{name}", name)

        return milliseconds(lambda: [one() for _ in range(times)]) / times

    def ours(_: int) -> float:
        with Store.open(registry.root) as store:
            sources = [_source(10_000_000 + next(numbers)) for _ in range(times)]
            store.deploy([_source(10_000_000 + next(numbers))])
            return milliseconds(lambda: [store.deploy([source]) for source in sources]) / times

    taken = take_turns(bench.rounds, ours=ours, floor=floor)
    what = f"one deploy at {versions:,} versions, library, warm"
    return Row(GROUP, what, "ms", taken["ours"], {"floor": taken["floor"]}, (Goal(3, "floor"),))


def deploy_rate(bench: Bench, folder: Path, count: int) -> float:
    """Manifests a second, by a whole process, into a new store."""
    root = bench.place.new("store")
    Store.init(root, projects=[workload.PROJECT]).close()
    return 1000 * count / run_time(taskstore("deploy", "--json", folder), root)


def _manifests(bench: Bench, requests: list[dict[str, Any]], suffix: str = "json") -> Path:
    folder = bench.place.new(f"manifests-{suffix}")
    workload.write_requests(folder, requests, suffix)
    return folder


def _source(number: int) -> Source:
    data = json.dumps(workload.request(number, workload.FRESH), indent=2).encode()
    return Source(f"task-{number}.json", data, Format.JSON)
