"""Dropping and dropping again without end: nothing is lost, and memory and descriptors stay as they are."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from taskstore_specs.digest import Digest
from tests.daemon.plant import Plant, manifest, until

NAMES = 100


def test_memory_and_descriptors_stay_flat(plant: Plant, thorough: bool) -> None:
    if not Path("/proc/self/statm").exists():
        pytest.skip("optional: this system does not tell the memory of a process")
    rounds, warm = (10_000, 200) if thorough else (12, 4)
    daemon = plant.start("--receipts", "none")

    def use() -> tuple[int, int]:
        process = Path(f"/proc/{daemon.pid}")
        return int((process / "statm").read_text().split()[1]) * 4096, len(list((process / "fd").iterdir()))

    memory = descriptors = 0
    for number in range(rounds):
        dropped = {f"{name}.json": manifest(f"t{name}", image=f"image-{number}") for name in range(NAMES)}
        for name, text in dropped.items():
            plant.drop(name, text)
        expected = {f"{plant.inbox}/{name}": Digest.of(text.encode()) for name, text in dropped.items()}
        until(lambda expected=expected: plant.store.sources(expected) == expected)  # type: ignore[misc]
        if number == warm:
            memory, descriptors = use()
    time.sleep(0.2)
    assert use()[0] < memory + 30_000_000
    assert use()[1] <= descriptors + 2
