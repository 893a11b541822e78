"""Working on many files on two cores: in this process, and in a second one (ADR 0011)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, Generic, TypeVar

from taskstore.store.second import SecondProcess

Item = TypeVar("Item")
Found = TypeVar("Found")
Done = TypeVar("Done")

FILES_PER_CHUNK = 250
"""What is worked on at a time, by either process."""


class Helper(Generic[Item, Found, Done]):
    """A second process, started when there is something for it to do, and the thread that waits for it.

    `there`, a function of a module, is what it does with some items; it leaves one to this process by giving None.
    `here` makes of an item, and of what was found of it there or None, what is wanted of it.
    """

    WORTHWHILE: ClassVar[int] = 1_250
    """So many files take longer to prepare than a process takes to start."""

    def __init__(
        self, there: Callable[[Sequence[Item]], Sequence[Found | None]], here: Callable[[Item, Found | None], Done]
    ) -> None:
        self._there, self._here = there, here
        self._process = SecondProcess()
        self._thread = ThreadPoolExecutor(1, "taskstore-prepare")

    def begin(self, items: Sequence[Item]) -> Callable[[], list[Done]]:
        """Begin to work on these items. What is returned gives the results in order, and does here what was not begun
        by then.

        It does all of it here where there is no other core.
        """
        if not _has_another_core():
            return lambda: [self._here(item, None) for item in items]
        chunks = [items[start : start + FILES_PER_CHUNK] for start in range(0, len(items), FILES_PER_CHUNK)]
        begun = [self._thread.submit(self._ask, chunk) for chunk in chunks]

        def collect() -> list[Done]:
            parts: list[list[Done] | None] = [None] * len(chunks)
            # From the end, as the other process begins at the beginning.
            for number in reversed(range(len(chunks))):
                if begun[number].cancel():
                    parts[number] = [self._here(item, None) for item in chunks[number]]
            return [
                done
                for part, chunk, ahead in zip(parts, chunks, begun, strict=True)
                for done in (part if part is not None else map(self._here, chunk, ahead.result()()))
            ]

        return collect

    def _ask(self, chunk: Sequence[Item]) -> Callable[[], Sequence[Found | None]]:
        return self._process.run(self._there, chunk)

    def close(self) -> None:
        """End both."""
        self._thread.shutdown(cancel_futures=True)
        self._process.close()


def _has_another_core() -> bool:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (cores or 1) > 1
