"""`taskstore gc` on the deployed samples."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

Taskstore = Callable[..., Any]
DAY = 24 * 3600


@pytest.fixture
def unnamed(store: Path) -> Path:
    """A blob that no entry names, 20 days old."""
    data = b"nobody names this"
    path = store / "objects" / blake3(data).hexdigest()[:2] / blake3(data).hexdigest()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (time.time() - 20 * DAY,) * 2)
    return path


def test_what_nothing_names_goes_after_the_grace(registry: Taskstore, unnamed: Path) -> None:
    assert registry("gc", "--grace", "30d", "--json").json == {"removed": 0, "bytes": 0}
    assert registry("gc", "--dry-run", "--json").json == {"removed": 1, "bytes": 17}
    assert unnamed.exists()
    assert registry("gc", "--json").json == {"removed": 1, "bytes": 17}
    assert not unnamed.exists()
    assert registry("fsck").code == 0


def test_without_any_grace_nothing_that_is_named_goes(registry: Taskstore, unnamed: Path) -> None:
    assert registry("gc", "--grace", "0s", "--json").json["removed"] == 1
    assert registry("fsck").code == 0


def test_a_damaged_journal_is_no_ground_to_remove_anything(registry: Taskstore, store: Path, unnamed: Path) -> None:
    entry = next(store.glob("journal/*/*1.json"))
    entry.chmod(0o644)
    entry.write_bytes(entry.read_bytes().replace(b"a", b"b", 1))
    assert registry("gc").code == 7
    assert unnamed.exists()


def test_a_grace_is_a_duration(registry: Taskstore) -> None:
    assert registry("gc", "--grace", "a fortnight").code == 2
