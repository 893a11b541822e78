"""Which of the ready files go next, and how long to wait after a fault. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from taskstore_daemon.limits import BACKOFF_FIRST_SECONDS, BACKOFF_MOST_SECONDS
from taskstore_daemon.scan import Stamp


class Ready(msgspec.Struct, frozen=True, gc=False):
    """A file that may be taken: of which inbox (by number), its path there, and the stamp it must still have."""

    inbox: int
    path: str
    stamp: Stamp

    @property
    def folder(self) -> tuple[int, str]:
        """The folder that it lies in, across all inboxes."""
        return self.inbox, self.path.rpartition("/")[0]


def next_batch(ready: Iterable[Ready], *, files: int, size: int) -> list[Ready]:
    """Up to `files` files of up to `size` bytes together, at least one: the folders take turns, one file each.

    So a folder with few files never waits for one with many. Within a folder the order is kept.
    """
    folders: dict[tuple[int, str], deque[Ready]] = {}
    for file in ready:
        folders.setdefault(file.folder, deque()).append(file)
    turns = deque(folders.values())
    batch: list[Ready] = []
    while turns and len(batch) < files:
        folder = turns.popleft()
        size -= folder[0].stamp.size
        if size < 0 and batch:
            break
        batch.append(folder.popleft())
        if folder:
            turns.append(folder)
    return batch


def backoff(failures: int, jitter: float) -> float:
    """Seconds to wait after so many failures in a row: doubling, bounded, and spread by `jitter` (0 to 1)."""
    bounded = min(BACKOFF_MOST_SECONDS, BACKOFF_FIRST_SECONDS * 2.0 ** min(failures - 1, 16))
    return bounded * (0.75 + jitter / 2)
