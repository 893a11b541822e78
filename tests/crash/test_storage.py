"""Blobs and journal through kills, failing calls and power cuts: what was acknowledged is there, whole, with its blobs.

The same checks are shown to fail on code that is broken on purpose.
"""

from __future__ import annotations

import contextlib
import errno
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from taskstore.cas import FileBlobStore
from taskstore.disk.folders import sync_folder
from taskstore.disk.locks import hold
from taskstore.errors import ReadOnlyError, StorageError, TaskstoreError
from taskstore.journal import FileJournal
from taskstore.journal.changes import SpecChange
from tests.crash.workers import storage

WORKER = Path(storage.__file__)
COMMITS, MANY = 3, 1_000_000
CYCLES_OF_A_STORE = 25
FORK = multiprocessing.get_context("fork")
REFUSED = 3
"""The worker's exit code for a typed error."""

Place = tuple[str, int]


class Trial:
    """A store, a worker's notes of what was acknowledged, and what is found afterwards."""

    def __init__(self, root: Path, notes: Path, defect: str = "") -> None:
        self.root, self.notes, self.defect = root, notes, defect
        self.root.mkdir(parents=True, exist_ok=True)

    def worker(self, commits: int = COMMITS) -> list[str]:
        """The command that makes so many commits."""
        return [sys.executable, *map(str, (WORKER, self.root, self.notes, commits, self.defect))]

    def noted(self) -> list[int]:
        """The commits that were acknowledged."""
        return [int(line) for line in self.notes.read_text().split()] if self.notes.exists() else []

    def committed(self) -> list[int]:
        """The commits that are there, every entry and every blob verified. Raises TaskstoreError."""
        store, sequences = FileBlobStore(self.root), []
        for entry, _ in FileJournal(self.root, storage.STORE_ID).entries():
            for change in entry.changes:
                assert isinstance(change, SpecChange)
                assert len(store.get(change.digest)) == change.size
            sequences.append(entry.sequence)
        return sequences

    def fault(self) -> str | None:
        """What is wrong: damage, or something acknowledged that is missing. None if all is well."""
        try:
            missing = set(self.noted()) - set(self.committed())
        except TaskstoreError as error:
            return str(error)
        return f"acknowledged and lost: {sorted(missing)}" if missing else None


def sampled(places: Sequence[Place], thorough: bool) -> list[Place]:
    """All places, or the first of each kind of call and a few more, the same each time."""
    if thorough:
        return list(places)
    firsts = list({name: (name, number) for name, number in reversed(places)}.values())
    others = [place for place in places if place not in firsts]
    return firsts + random.Random(4).sample(others, 4)


def trials(faults: Any, folder: Path, thorough: bool, defect: str = "") -> list[tuple[Place, Trial]]:
    """A fresh store for each place where a worker can be struck."""
    counted = Trial(folder / "counted", folder / "counted.notes", defect)
    places = faults.count(counted.worker(), counted.notes)
    assert len({name for name, _ in places}) >= 8
    return [
        (place, Trial(folder / f"{place[0]}-{place[1]}", folder / f"{place[0]}-{place[1]}.notes", defect))
        for place in sampled(places, thorough)
    ]


def test_a_worker_killed_at_any_call_loses_nothing(faults: Any, tmp_path: Path, thorough: bool) -> None:
    for place, trial in trials(faults, tmp_path, thorough):
        assert faults.run(trial.worker(), place, "signal=KILL").returncode != 0, place
        assert trial.fault() is None, place
        done = len(trial.committed())
        subprocess.run(trial.worker(), env=faults.environment, check=True)
        assert trial.committed() == list(range(1, done + COMMITS + 1)), place


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_a_call_that_fails_is_a_typed_error_and_changes_nothing(
    faults: Any, tmp_path: Path, thorough: bool, error: str
) -> None:
    for place, trial in trials(faults, tmp_path, thorough):
        result = faults.run(trial.worker(), place, f"error={error}")
        assert result.returncode in (0, REFUSED), (place, result.stderr)
        assert trial.committed() == trial.noted(), place
        assert trial.noted() == list(range(1, COMMITS + 1)) or result.returncode == REFUSED, place
        done = len(trial.committed())
        subprocess.run(trial.worker(), env=faults.environment, check=True)
        assert trial.committed() == list(range(1, done + COMMITS + 1)), place


@pytest.mark.parametrize("defect", ["early-note", "early-entry"])
def test_the_kills_find_a_wrong_order(faults: Any, tmp_path: Path, defect: str) -> None:
    for place, trial in trials(faults, tmp_path, True, defect):
        faults.run(trial.worker(), place, "signal=KILL")
        if trial.fault() is not None:
            return
    pytest.fail(f"{defect} went unseen")


@contextlib.contextmanager
def working(trial: Trial) -> Iterator[None]:
    """A worker that has made a commit and makes more, until the end of the block."""
    begun = len(trial.noted())
    worker = FORK.Process(target=storage.run, args=(trial.root, trial.notes, MANY, trial.defect))
    worker.start()
    try:
        while len(trial.noted()) == begun and worker.is_alive():
            time.sleep(0.001)
        yield
    finally:
        worker.kill()
        worker.join()


def cut_power(disk: Any, folder: Path, cycles: int, defect: str = "") -> str | None:
    """Let a worker commit on, cut the power at a random moment, look, and again: the first thing that was wrong."""
    moments = random.Random(4)
    for cycle in range(cycles):
        if cycle % CYCLES_OF_A_STORE == 0:
            shutil.rmtree(disk.root / f"store-{cycle - CYCLES_OF_A_STORE}", ignore_errors=True)
            trial = Trial(disk.root / f"store-{cycle}", folder / f"{cycle}.notes", defect)
            sync_folder(disk.root)
        with working(trial):
            time.sleep(moments.uniform(0, 0.02))
            disk.cut()
        disk.power_off()
        disk.power_on()
        fault = trial.fault()
        if fault is not None:
            return f"cycle {cycle}: {fault}"
    return None


def test_a_power_cut_loses_nothing(powered_disk: Any, tmp_path: Path, thorough: bool) -> None:
    assert cut_power(powered_disk, tmp_path, 10_000 if thorough else 20) is None


@pytest.mark.parametrize("defect", ["no-fsync", "no-folder-fsync", "early-note"])
def test_the_power_cuts_find_code_that_does_not_wait(powered_disk: Any, tmp_path: Path, defect: str) -> None:
    assert cut_power(powered_disk, tmp_path, 100, defect) is not None


def test_a_full_disk_refuses_and_takes_up_again_once_there_is_room(powered_disk: Any, tmp_path: Path) -> None:
    trial = Trial(powered_disk.root / "store", tmp_path / "notes")
    storage.run(trial.root, trial.notes, 1, "")
    ballast = powered_disk.root / "ballast"
    fill(ballast)
    with pytest.raises(StorageError) as raised:
        storage.run(trial.root, trial.notes, MANY, "")
    assert raised.value.errno == errno.ENOSPC
    done = trial.committed()
    assert done == trial.noted()
    ballast.unlink()
    storage.run(trial.root, trial.notes, COMMITS, "")
    assert trial.committed() == list(range(1, len(done) + COMMITS + 1))


def test_a_store_on_read_only_media_is_read_and_says_why_it_is_not_written(powered_disk: Any, tmp_path: Path) -> None:
    trial = Trial(powered_disk.root / "store", tmp_path / "notes")
    storage.run(trial.root, trial.notes, COMMITS, "")
    powered_disk.power_off()
    powered_disk.power_on("ro")
    assert trial.committed() == trial.noted() == [1, 2, 3]
    with hold(trial.root / "lock", shared=True, wait=0), pytest.raises(ReadOnlyError):
        storage.commit(trial.root, trial.notes, "")
    assert trial.committed() == [1, 2, 3]


def fill(ballast: Path) -> None:
    """Write until the disk is full."""
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass
        os.fsync(file.fileno())
