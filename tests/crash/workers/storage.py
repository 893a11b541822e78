"""Stores blobs and commits entries that name them, and notes each commit outside the store once it is acknowledged.

    python storage.py ROOT NOTES COMMITS [BREAK]

Exits with 3 when the storage refused in a way that a caller can handle. BREAK is a defect to put in, so that the tests
can show that they would find it: `no-fsync`, `no-folder-fsync`, `early-note` (acknowledged before the commit) or
`early-entry` (committed before the blobs are stored).
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from taskstore.cas import FileBlobStore
from taskstore.disk import sync
from taskstore.disk.locks import hold
from taskstore.errors import TaskstoreError
from taskstore.journal import Entry, FileJournal
from taskstore.journal.changes import SpecChange
from taskstore_specs.digest import Digest

STORE_ID = "8f14e45f-ceea-467f-a9d1-6f1d8a9a3c01"
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
BLOBS_OF_A_COMMIT = (1, 6, 2)
"""Turn by turn: one file alone, one syncfs for all, each synced."""


def note(path: Path, sequence: int) -> None:
    """Write down that the commit `sequence` was acknowledged."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{sequence}\n".encode())
    os.close(descriptor)


def blobs_of(sequence: int) -> dict[Digest, bytes]:
    """The blobs of a commit; the first is also that of the commit before, so that some are there already."""
    count = BLOBS_OF_A_COMMIT[sequence % len(BLOBS_OF_A_COMMIT)]
    texts = [f"shared by {sequence // 2}"] + [f"blob {number} of commit {sequence}" for number in range(1, count)]
    blobs = [text.encode() * 50 for text in texts]
    return {Digest.of(blob): blob for blob in blobs}


def commit(root: Path, notes: Path, defect: str) -> None:
    """One commit, in the order of `specs/store-format.md`."""
    store, journal = FileBlobStore(root), FileJournal(root, STORE_ID)
    head = journal.head()
    blobs = blobs_of(head.sequence + 1)
    changes = tuple(SpecChange(digest=digest, size=len(blob)) for digest, blob in blobs.items())
    entry = Entry(head.sequence + 1, head.digest, max(datetime.now(UTC), head.committed_at or NEVER), "worker", changes)
    steps: list[Callable[[], object]] = [
        lambda: store.put_many(blobs),
        lambda: journal.append(entry),
        lambda: note(notes, entry.sequence),
    ]
    if defect == "early-note":
        steps = [steps[2], steps[0], steps[1]]
    if defect == "early-entry":
        steps = [steps[1], steps[2], steps[0]]
    for step in steps:
        step()


def put_in(defect: str) -> None:
    """Make syncing do nothing, or nothing for folders."""
    if defect == "no-fsync":
        os.fsync = lambda descriptor: None
        sync._syncfs = lambda descriptor: 0
    if defect == "no-folder-fsync":
        fsync = os.fsync

        def only_files(descriptor: int) -> None:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                fsync(descriptor)

        os.fsync = only_files


def run(root: Path, notes: Path, commits: int, defect: str) -> None:
    """Make so many commits. Raises TaskstoreError."""
    put_in(defect)
    for _ in range(commits):
        with hold(root / "lock", shared=False, wait=10):
            commit(root, notes, defect)


def main() -> int:
    root, notes, commits, *defect = sys.argv[1:]
    os.getppid()  # where the injected faults may begin
    try:
        run(Path(root), Path(notes), int(commits), *defect or [""])
    except TaskstoreError as error:
        print(f"{error.code}: {error}")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
