"""What the daemon's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.plant import Plant


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    """A store and an inbox; its daemons are ended with the test."""
    plant = Plant(tmp_path)
    yield plant
    plant.kill_all()
    plant.store.close()
