"""Which of the ready files go next, and how long to wait after a fault. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from taskstore_daemon.limits import BACKOFF_FIRST_SECONDS, BACKOFF_MOST_SECONDS
from taskstore_daemon.names import folder_of
from taskstore_daemon.scan import Stamp


class Ready(msgspec.Struct, frozen=True, gc=False):
    """A file that may be taken: of which inbox (by number), its path there, and the stamp it must still have."""

    inbox: int
    path: str
    stamp: Stamp

    @property
    def folder(self) -> str:
        """The folder of the inbox that it lies in."""
        return folder_of(self.path)


Folders = Mapping[str, Mapping[str, Stamp]]
"""The ready files of an inbox, by folder and path."""


def next_batch(inboxes: Sequence[Folders], *, files: int, size: int, besides: Sequence[Ready] = ()) -> list[Ready]:
    """Up to `files` files of up to `size` bytes together, at least one: the folders take turns, one file each.

    So a folder with few files never waits for one with many. Within a folder the order is kept. `besides` are left out.
    """
    left_out = {(file.inbox, file.path) for file in besides}
    turns = deque(
        _of_folder(number, folder, left_out) for number, folders in enumerate(inboxes) for folder in folders.values()
    )
    batch: list[Ready] = []
    while turns and len(batch) < files:
        folder = turns.popleft()
        file = next(folder, None)
        if file is None:
            continue
        size -= file.stamp.size
        if size < 0 and batch:
            break
        batch.append(file)
        turns.append(folder)
    return batch


def _of_folder(inbox: int, folder: Mapping[str, Stamp], left_out: set[tuple[int, str]]) -> Iterator[Ready]:
    return (Ready(inbox, path, stamp) for path, stamp in folder.items() if (inbox, path) not in left_out)


def backoff(failures: int, jitter: float) -> float:
    """Seconds to wait after so many failures in a row: doubling, bounded, and spread by `jitter` (0 to 1)."""
    bounded = min(BACKOFF_MOST_SECONDS, BACKOFF_FIRST_SECONDS * 2.0 ** min(failures - 1, 16))
    return bounded * (0.75 + jitter / 2)
