"""The filesystems and implementations that the suites of this folder run against."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")


@pytest.fixture(params=["disk", "tmpfs"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """The empty folder of a store, on each kind of filesystem that every machine has."""
    if request.param == "disk":
        yield tmp_path
        return
    if not MEMORY.is_dir():
        pytest.skip("optional: this system has no filesystem in memory")
    folder = Path(tempfile.mkdtemp(prefix="taskstore-test-", dir=MEMORY))
    yield folder
    shutil.rmtree(folder)
