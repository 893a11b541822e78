"""The daemon: thousands of manifests moved into a watched folder at once, until all are listed."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import workload
from bench import Bench
from measure import Goal, Row, take_turns
from programs import environment, taskstored

from taskstore import Store, TaskQuery

PATIENCE = 120.0
LOOK = 0.05


def measure(bench: Bench) -> Iterator[Row]:
    count = bench.manifests
    requests = [workload.request(number, "20290b0faa36") for number in range(count)]

    def ours(_: int) -> float:
        waiting, inbox, root = (bench.place.new(name) for name in ("waiting", "inbox", "store"))
        inbox.mkdir()
        paths = workload.write_requests(waiting, requests)
        with Store.init(root, projects=[workload.PROJECT]) as store:
            store.close()
            daemon = subprocess.Popen(
                taskstored("run", inbox), env=environment(root), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            try:
                time.sleep(2)
                begun = time.perf_counter()
                for path in paths:
                    path.rename(inbox / path.name)
                _until_listed(store, count)
                return count / (time.perf_counter() - begun)
            finally:
                daemon.terminate()
                daemon.wait()

    taken = take_turns(bench.rounds, ours=ours)
    yield Row(
        "Daemon",
        f"{count:,} distinct manifests (JSON) moved into the inbox at once, until all are listed",
        "/s",
        taken["ours"],
        goals=(Goal(4_000),),
    )


def _until_listed(store: Store, count: int) -> None:
    """Wait for the journal first, which disturbs nobody, then for the list."""
    deadline = time.monotonic() + PATIENCE
    head, changes = store.journal.head(), 0
    while changes < 2 * count:
        if time.monotonic() > deadline:
            raise RuntimeError("the daemon did not come to an end")
        time.sleep(LOOK)
        for entry, digest in store.journal.entries(after=head):
            head = type(head)(entry.sequence, digest, entry.committed_at)
            changes += len(entry.changes)
    while store.list_tasks(TaskQuery(limit=1)).total < count:
        time.sleep(LOOK)
