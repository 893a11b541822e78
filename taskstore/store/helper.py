"""Preparing many files on two cores: by this process, and by a second one (ADR 0011)."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from taskstore.store.preparing import Batch, Chunk, prepare_chunk
from taskstore.store.second import SecondProcess

FILES_PER_CHUNK = 250
"""What is prepared at a time, by either process."""


class Helper:
    """A second process, started when there is something for it to do, and the thread that waits for it."""

    WORTHWHILE: ClassVar[int] = 1_250
    """So many files take longer to prepare than a process takes to start."""

    def __init__(self) -> None:
        self._process = SecondProcess()
        self._thread = ThreadPoolExecutor(1, "taskstore-prepare")

    def prepare(self, files: Chunk) -> Callable[[], Batch]:
        """Begin to prepare these files. What is returned gives them, and prepares here what was not begun by then.

        It does all of it here where there is no other core.
        """
        if not _has_another_core():
            return lambda: prepare_chunk(files)
        chunks = [files[start : start + FILES_PER_CHUNK] for start in range(0, len(files), FILES_PER_CHUNK)]
        begun = [self._thread.submit(self._process.prepare, chunk) for chunk in chunks]

        def collect() -> Batch:
            # From the end, as the other process begins at the beginning.
            parts = [
                prepare_chunk(chunk) if ahead.cancel() else ahead
                for chunk, ahead in zip(reversed(chunks), reversed(begun), strict=True)
            ]
            return [file for part in reversed(parts) for file in (part if isinstance(part, list) else part.result())]

        return collect

    def close(self) -> None:
        """End both."""
        self._thread.shutdown(cancel_futures=True)
        self._process.close()


def _has_another_core() -> bool:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (cores or 1) > 1
