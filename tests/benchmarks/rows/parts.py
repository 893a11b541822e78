"""What the parts of a deploy take, one process, so that the time of the whole can be found again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import ryaml
import workload
from bench import Bench
from measure import Row, per_second, take_turns

from taskstore.journal import Entry, FileJournal
from taskstore.plan.prepare import prepare
from taskstore_specs import Digest, Format, encode_spec, fingerprint, read_manifest

GROUP = "Parts"
REQUESTS = 1_000
VERSION = "20290b0faa36"


def measure(bench: Bench) -> Iterator[Row]:
    requests = [workload.request(number, VERSION) for number in range(REQUESTS)]
    as_json = [json.dumps(request, indent=2).encode() for request in requests]
    as_yaml = [ryaml.dumps(request).encode() for request in requests]
    read = [read_manifest("bench", data, Format.JSON)[0] for data in as_json]
    specs = [request.spec for request in read]
    bytes_ = [encode_spec(spec) for spec in specs]
    works: dict[str, Callable[[], object]] = {
        "read JSON (4.3 KB)": lambda: [read_manifest("bench", data, Format.JSON) for data in as_json],
        "read YAML (the same)": lambda: [read_manifest("bench", data, Format.YAML) for data in as_yaml],
        "encode the specification": lambda: [encode_spec(spec) for spec in specs],
        "digest": lambda: [Digest.of(data) for data in bytes_],
        "fingerprint": lambda: [fingerprint(spec, VERSION) for spec in specs],
        "prepare (the last three, and metadata)": lambda: [prepare(request) for request in read],
    }
    turns = {name: (lambda _, work=work: per_second(REQUESTS, work)) for name, work in works.items()}
    for name, series in take_turns(3 * bench.rounds, **turns).items():
        yield Row(GROUP, name, "/s", series)
    yield from _journal(bench)


def _journal(bench: Bench) -> Iterator[Row]:
    """Entries of one change each, durable, and reading them back."""

    def append(_: int) -> float:
        root = bench.place.new("journal")
        root.mkdir()
        journal = FileJournal(root, "bench")
        return per_second(REQUESTS, lambda: [_append_one(journal) for _ in range(REQUESTS)])

    yield Row(GROUP, "append a journal entry, durable", "/s", take_turns(bench.rounds, ours=append)["ours"])
    journal = FileJournal(bench.registry(min(bench.sizes)).root, "")
    count = 2 * min(bench.sizes)
    sequences = range(1, journal.head().sequence + 1)
    read = take_turns(bench.rounds, ours=lambda _: per_second(count, lambda: list(map(journal.read, sequences))))
    yield Row(GROUP, "read journaled changes, verified", "/s", read["ours"])


def _append_one(journal: FileJournal) -> None:
    head = journal.head()
    journal.append(Entry(head.sequence + 1, head.digest, datetime.now(UTC), "bench", ()))
