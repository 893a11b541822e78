"""A hundred thousand watched files that nobody touches cost next to nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.daemon.plant import Plant, manifest, until

FILES = 100_000
FOLDERS = 100
SECONDS = 60.0
MEMORY_BYTES = 200_000_000
"""Generous: the goal is 150 MB."""


class Cost(NamedTuple):
    """What a process has cost until now: processor seconds, bytes of memory."""

    processor: float
    memory: int

    @classmethod
    def of(cls, pid: int) -> Cost:
        """As the kernel tells it of `pid`."""
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks, pages = int(fields[11]) + int(fields[12]), int(fields[21])
        return cls(ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE"))


def idle(pid: int) -> tuple[float, int]:
    """The share of one core that a process takes, and its memory in bytes, over a minute."""
    before = Cost.of(pid)
    time.sleep(SECONDS)
    after = Cost.of(pid)
    return (after.processor - before.processor) / SECONDS, after.memory


@pytest.mark.long
def test_watching_costs_next_to_nothing(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(FILES):
        path = plant.inbox / f"{number % FOLDERS}" / f"{number}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(manifest(f"t{number}"))
    for when in ("after taking them all", "after a restart"):
        daemon = plant.start("--rescan", "5")
        until(lambda: sum(plant.health()["counts"].values()) == FILES, "all dealt with")
        time.sleep(5)
        share, memory = idle(daemon.pid)
        with capsys.disabled():
            print(f"\n{FILES:,} files {when}: {share:.2%} of a core, {memory / 1e6:.0f} MB", end="")
        assert memory < MEMORY_BYTES
        plant.stop(daemon)
    assert len(plant.deploys()) == FILES
