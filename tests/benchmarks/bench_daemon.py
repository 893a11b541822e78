"""How soon a dropped file is deployed, how fast a flood is, and what idling costs.

    python tests/benchmarks/bench_daemon.py [FOLDER]

Works in a new folder inside FOLDER (the current one by default): a disk is part of what is measured. Times are of real
`taskstored` processes, from the rename that puts a file in place until this process finds the task in the index.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taskstore.index.queries import TaskQuery
from taskstore.store.store import Store

SINGLES = 500
FLOOD = 10_000
IDLE_SECONDS = 60.0
PATIENCE = 300.0
SHORTEST_PAUSE = 0.001


def request(number: int) -> bytes:
    """A request of the size of a real one (median 3.7 KB)."""
    identity = {"project": "plant", "domain": "production", "name": f"task-{number}", "version": "v1"}
    environment = {f"VARIABLE_{n}": f"value {n} of {number}" for n in range(60)}
    container = {"image": f"registry.local/image:{number}", "env": environment}
    return json.dumps(
        {"task_id": identity, "spec": {"task_template": {"type": "python", "container": container}}}
    ).encode()


class Bench:
    """A store, an inbox, and files that wait beside it on the same filesystem."""

    def __init__(self, root: Path) -> None:
        self.store = Store.init(root / "store", projects=["plant"])
        self.inbox, self.outside, self.root = root / "inbox", root / "outside", root
        self.head = self.store.journal.head()
        for folder in (self.inbox, self.outside):
            folder.mkdir()

    def prepare(self, first: int, count: int) -> list[Path]:
        paths = [self.outside / f"{number}.json" for number in range(first, first + count)]
        for number, path in enumerate(paths, first):
            path.write_bytes(request(number))
        return paths

    def listed(self) -> int:
        try:
            return self.store.list_tasks(TaskQuery(limit=1)).total
        finally:
            self.store.close()  # as a process does that ends

    def wait_for(self, count: int) -> float:
        """The time at which so many are listed. Looks at the index only when the journal has grown, as it locks."""
        deadline = time.perf_counter() + PATIENCE
        while time.perf_counter() < deadline:
            head = self.store.journal.head(self.head)
            if head == self.head:
                time.sleep(SHORTEST_PAUSE)
                continue
            self.head = head
            if self.listed() >= count:
                return time.perf_counter()
        raise TimeoutError(f"not {count} tasks after {PATIENCE:.0f} s")

    @contextmanager
    def daemon(self) -> Iterator[int]:
        """A running daemon; its process id."""
        command = [
            sys.executable,
            "-m",
            "taskstore_daemon.main",
            "run",
            "--store",
            str(self.store.root),
            str(self.inbox),
        ]
        with (self.root / "log").open("ab") as log:
            process = subprocess.Popen(command, stderr=log)
        try:
            while not list((self.store.root / "locks").glob("inbox-*.json")):
                time.sleep(0.05)
            time.sleep(1.0)
            yield process.pid
        finally:
            process.terminate()
            process.wait(60)


def singles(bench: Bench) -> None:
    """One file at a time, the daemon idle in between."""
    taken = []
    for number, path in enumerate(bench.prepare(0, SINGLES), 1):
        begun = time.perf_counter()
        path.rename(bench.inbox / path.name)
        taken.append((bench.wait_for(number) - begun) * 1000)
        time.sleep(0.06)
    taken.sort()
    p99 = taken[len(taken) * 99 // 100]
    print(f"one file, dropped to listed: p50 {statistics.median(taken):.1f} ms, p99 {p99:.1f} ms ({SINGLES} drops)")


def flood(bench: Bench) -> None:
    """Very many at once, and what the processor has to do for each."""
    paths = bench.prepare(SINGLES, FLOOD)
    with bench.daemon() as pid:
        before = processor_seconds(pid)
        begun = time.perf_counter()
        for path in paths:
            path.rename(bench.inbox / path.name)
        seconds = bench.wait_for(SINGLES + FLOOD) - begun
        each = (processor_seconds(pid) - before) / FLOOD * 1e6
    print(f"{FLOOD:,} files moved in at once: {FLOOD / seconds:,.0f}/s, {each:.0f} µs of processor time each")


def idle(bench: Bench) -> None:
    """No change at all."""
    with bench.daemon() as pid:
        time.sleep(10)
        before = processor_seconds(pid)
        time.sleep(IDLE_SECONDS)
        share = (processor_seconds(pid) - before) / IDLE_SECONDS
        memory = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    print(f"idle with {SINGLES + FLOOD:,} files: {share:.2%} of a core, {memory / 1e6:.0f} MB")


def processor_seconds(pid: int) -> float:
    """What a process has taken of the processor (proc_pid_stat(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def main(folder: str = ".") -> None:
    with tempfile.TemporaryDirectory(dir=folder, prefix="bench-daemon-") as root:
        bench = Bench(Path(root))
        with bench.daemon():
            singles(bench)
        flood(bench)
        idle(bench)
        bench.store.close()


if __name__ == "__main__":
    main(*sys.argv[1:2])
