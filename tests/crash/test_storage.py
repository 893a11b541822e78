"""Blobs and journal through kills, failing calls and power cuts: what was acknowledged is there, whole, with its blobs.

The same checks are shown to fail on code that is broken on purpose.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from taskstore.cas import FileBlobStore
from taskstore.errors import TaskstoreError
from taskstore.journal import FileJournal
from taskstore.journal.changes import SpecChange

WORKER = Path(__file__).parent / "workers" / "storage.py"
STORE_ID = "8f14e45f-ceea-467f-a9d1-6f1d8a9a3c01"
COMMITS = 3
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
        for entry, _ in FileJournal(self.root, STORE_ID).entries():
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
    places = faults.count(Trial(folder / "counted", folder / "counted.notes", defect).worker())
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


def cut_power(disk: Any, folder: Path, cycles: int, defect: str = "") -> list[str]:
    """Let a worker commit on, cut the power at a random moment, and look: what was wrong, cycle by cycle."""
    random_moments, wrong = random.Random(4), []
    trial = Trial(disk.root / "store", folder / "notes", defect)
    os.sync()
    for _ in range(cycles):
        begun = len(trial.noted())
        worker = subprocess.Popen(trial.worker(1_000_000), env=disk.environment, stdout=subprocess.DEVNULL)
        while len(trial.noted()) == begun and worker.poll() is None:
            time.sleep(0.001)
        time.sleep(random_moments.uniform(0, 0.05))
        disk.cut()
        worker.kill()
        worker.wait()
        disk.power_on()
        fault = trial.fault()
        if fault is not None:
            wrong.append(fault)
            break
    return wrong


def test_a_power_cut_loses_nothing(powered_disk: Any, tmp_path: Path, thorough: bool) -> None:
    assert cut_power(powered_disk, tmp_path, 1_000 if thorough else 5) == []


@pytest.mark.parametrize("defect", ["no-fsync", "no-folder-fsync", "early-note"])
def test_the_power_cuts_find_code_that_does_not_wait(powered_disk: Any, tmp_path: Path, defect: str) -> None:
    assert cut_power(powered_disk, tmp_path, 50, defect) != []
