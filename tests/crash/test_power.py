"""The power cut under a whole store that is being deployed to: what was acknowledged is there, and fsck finds nothing.

`test_storage.py` does the same to blobs and journal alone, ten times as often. Code that does not wait for the disk is
shown to fail.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taskstore import Store
from taskstore.check import Fsck
from taskstore.disk.folders import sync_folder
from taskstore.errors import TaskstoreError
from taskstore_specs.identity import TaskId
from tests.crash.workers import programs

FORK = multiprocessing.get_context("fork")
CYCLES_OF_A_STORE = 25
FILES = (1, 7, 2)
"""How many manifests a deploy has, turn by turn: a blob alone, one syncfs for all, each synced."""


def work(root: Path, notes: Path, cycle: int, defect: str) -> None:
    """Deploy without end, and note what was acknowledged outside the store."""
    programs.put_in(defect)
    with Store.open(root) as store:
        programs.break_store(store, defect)
        for turn in range(1_000_000):
            files = range(FILES[turn % len(FILES)])
            sources = [programs.manifest(f"file{number}", f"v{cycle}-{turn}") for number in files]
            programs.deploy(store, notes, sources, defect)


def find_fault(root: Path, acknowledged: dict[str, str]) -> str | None:
    """What is wrong with a store of which these tasks and digests were acknowledged."""
    try:
        with Store.open(root) as store:
            problems = Fsck(store).run().problems
            if problems:
                return f"fsck: {problems[0].message}"
            with store.index.read() as connection:
                query = "SELECT project, domain, name, version, digest FROM task_versions"
                found = {str(TaskId(*task)): digest for *task, digest in connection.execute(query).fetchall()}
            wrong = [
                task for task, digest in acknowledged.items() if task not in found or digest not in (found[task], "-")
            ]
            return f"acknowledged and lost: {sorted(wrong)}" if wrong else None
    except TaskstoreError as error:
        return str(error)


def tell(answer: Any, root: Path, acknowledged: dict[str, str]) -> None:
    """Put what `find_fault` finds into a queue."""
    answer.put(find_fault(root, acknowledged))


def fault_of(root: Path, notes: Path) -> str | None:
    """As `find_fault`, in a process of its own: DuckDB must not be loaded in one that forks."""
    lines = notes.read_text().splitlines() if notes.exists() else []
    answer = FORK.SimpleQueue()
    process = FORK.Process(target=tell, args=(answer, root, dict(line.split(" ") for line in lines)))
    process.start()
    found: str | None = answer.get()
    process.join()
    return found


@contextlib.contextmanager
def working(root: Path, notes: Path, cycle: int, defect: str) -> Iterator[None]:
    """A worker that has been acknowledged something, and works on until the end of the block."""
    begun = notes.stat().st_size if notes.exists() else 0
    worker = FORK.Process(target=work, args=(root, notes, cycle, defect))
    worker.start()
    try:
        while worker.is_alive() and (notes.stat().st_size if notes.exists() else 0) == begun:
            time.sleep(0.001)
        yield
    finally:
        worker.kill()
        worker.join()


def cut_power(disk: Any, folder: Path, cycles: int, defect: str = "") -> str | None:
    """Let a worker deploy, cut the power at a random moment, look, and again: the first thing that was wrong."""
    moments = random.Random(4)
    root = disk.root / "none"
    for cycle in range(cycles):
        if cycle % CYCLES_OF_A_STORE == 0:
            shutil.rmtree(root, ignore_errors=True)
            root, notes = disk.root / f"store-{cycle}", folder / f"{cycle}.notes"
            make_store(root)
        with working(root, notes, cycle, defect):
            time.sleep(moments.uniform(0, 0.1))
            disk.cut()
        disk.power_off()
        disk.power_on()
        fault = fault_of(root, notes)
        if fault is not None:
            return f"cycle {cycle}: {fault}"
    return None


def make_store(root: Path) -> None:
    """A new store with the project `p`, in a process of its own."""
    process = FORK.Process(target=lambda: Store.init(root, projects=["p"]).close())
    process.start()
    process.join()
    sync_folder(root.parent)


def test_a_power_cut_loses_nothing(powered_disk: Any, tmp_path: Path, thorough: bool) -> None:
    assert cut_power(powered_disk, tmp_path, 1_000 if thorough else 5) is None


# A missing fsync of folders is found by `test_storage.py`; here DuckDB's own syncing makes their names durable too.
@pytest.mark.parametrize("defect", ["no-fsync", "early-note"])
def test_the_power_cuts_find_code_that_does_not_wait(powered_disk: Any, tmp_path: Path, defect: str) -> None:
    assert cut_power(powered_disk, tmp_path, 100, defect) is not None
