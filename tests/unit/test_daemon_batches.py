"""Which files go next, and how long a fault is waited out."""

from __future__ import annotations

import pytest

from taskstore_daemon.batches import Ready, backoff, next_batch
from taskstore_daemon.limits import BACKOFF_MOST_SECONDS
from taskstore_daemon.scan import Stamp


def folders(**sizes: dict[str, int]) -> dict[str, dict[str, Stamp]]:
    """Ready files by folder, with their sizes."""
    return {folder: {name: Stamp(size, 0, 0, 0) for name, size in files.items()} for folder, files in sizes.items()}


def numbered(count: int) -> dict[str, int]:
    return {str(number): 1 for number in range(count)}


def paths(batch: list[Ready]) -> list[str]:
    return [file.path for file in batch]


def test_folders_take_turns() -> None:
    ready = folders(flood=numbered(100), quiet={"a": 1}, other={"b": 1})
    assert paths(next_batch([ready], files=4, size=1000)) == ["0", "a", "b", "1"]


def test_inboxes_take_turns() -> None:
    batch = next_batch([folders(top=numbered(9)), folders(top={"x": 1})], files=2, size=1000)
    assert [(file.inbox, file.path) for file in batch] == [(0, "0"), (1, "x")]


def test_a_batch_is_bounded_by_size() -> None:
    assert paths(next_batch([folders(top={"a": 6, "b": 6, "c": 6})], files=10, size=12)) == ["a", "b"]


def test_a_file_larger_than_a_batch_goes_alone() -> None:
    assert paths(next_batch([folders(top={"a": 100, "b": 1})], files=10, size=12)) == ["a"]


def test_nothing_ready_is_no_batch() -> None:
    assert next_batch([], files=10, size=10) == []


def test_the_files_of_another_batch_are_left_out() -> None:
    ready = [folders(top=numbered(5)), folders(top=numbered(2))]
    first = next_batch(ready, files=4, size=1000)
    assert paths(next_batch(ready, files=4, size=1000, besides=first)) == ["2", "3", "4"]


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_pauses_grow_and_stay_bounded(jitter: float) -> None:
    pauses = [backoff(failures, jitter) for failures in range(1, 50)]
    assert pauses == sorted(pauses)
    assert 0 < pauses[0] < 1
    assert pauses[-1] <= BACKOFF_MOST_SECONDS * 1.25
