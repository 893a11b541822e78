"""Which files go next, and how long a fault is waited out."""

from __future__ import annotations

import pytest

from taskstore_daemon.batches import Ready, backoff, next_batch
from taskstore_daemon.limits import BACKOFF_MOST_SECONDS
from taskstore_daemon.scan import Stamp


def ready(path: str, size: int = 1, inbox: int = 0) -> Ready:
    return Ready(inbox, path, Stamp(size, 0, 0, 0))


def paths(batch: list[Ready]) -> list[str]:
    return [file.path for file in batch]


def test_folders_take_turns() -> None:
    flood = [ready(f"flood/{n}") for n in range(100)]
    batch = next_batch([*flood, ready("quiet/a"), ready("b")], files=4, size=1000)
    assert paths(batch) == ["flood/0", "quiet/a", "b", "flood/1"]


def test_inboxes_take_turns() -> None:
    batch = next_batch([*(ready(str(n)) for n in range(9)), ready("x", inbox=1)], files=2, size=1000)
    assert paths(batch) == ["0", "x"]


def test_a_batch_is_bounded_by_size() -> None:
    assert paths(next_batch([ready("a", 6), ready("b", 6), ready("c", 6)], files=10, size=12)) == ["a", "b"]


def test_a_file_larger_than_a_batch_goes_alone() -> None:
    assert paths(next_batch([ready("a", 100), ready("b", 1)], files=10, size=12)) == ["a"]


def test_nothing_ready_is_no_batch() -> None:
    assert next_batch([], files=10, size=10) == []


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_pauses_grow_and_stay_bounded(jitter: float) -> None:
    pauses = [backoff(failures, jitter) for failures in range(1, 50)]
    assert pauses == sorted(pauses)
    assert 0 < pauses[0] < 1
    assert pauses[-1] <= BACKOFF_MOST_SECONDS * 1.25
