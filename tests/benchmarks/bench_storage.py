"""How fast blobs and entries are stored and read, durably, beside what the disk itself allows.

    python tests/benchmarks/bench_storage.py [FOLDER]

Works in a new folder inside FOLDER (the current one by default), since a disk is what is measured.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from taskstore.cas import FileBlobStore
from taskstore.disk.sync import CAN_SYNC_FILESYSTEM, sync, sync_filesystem
from taskstore.journal import Entry, FileJournal, Head
from taskstore.journal.changes import TaskAction, TaskChange
from taskstore_specs.digest import Digest

ROUNDS = 5
BLOBS, BLOB_BYTES = 10_000, 4096
SINGLES = 500
ENTRIES = 2_000
LARGE_ENTRIES, CHANGES_PER_LARGE_ENTRY = 50, 1_000


def measure(count: int, **works: Callable[[int], object]) -> None:
    """Do each work ROUNDS times, taking turns so that a busy disk troubles all alike, and print the medians."""
    seconds: dict[str, list[float]] = {what: [] for what in works}
    for round_number in range(ROUNDS):
        for what, work in works.items():
            begun = time.perf_counter()
            work(round_number)
            seconds[what].append(time.perf_counter() - begun)
    for what, taken in seconds.items():
        median = statistics.median(taken)
        print(f"{what.replace('_', ' '):<44} {count / median:>10,.0f}/s {median / count * 1e6:>10,.1f} µs")


def write_bare(folder: Path, name: str, data: bytes, *, durable: bool) -> None:
    descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    os.write(descriptor, data)
    if durable:
        sync(descriptor)
    os.close(descriptor)


def floor_batch(root: Path, blobs: list[bytes]) -> None:
    """What no store can undercut: create, syncfs, rename, syncfs, in one folder and with no digest."""
    (root / "from").mkdir(parents=True)
    (root / "to").mkdir()
    descriptor = os.open(root, os.O_RDONLY)
    for number, data in enumerate(blobs):
        write_bare(root / "from", str(number), data, durable=not CAN_SYNC_FILESYSTEM)
    if CAN_SYNC_FILESYSTEM:
        sync_filesystem(descriptor)
    for number in range(len(blobs)):
        (root / "from" / str(number)).rename(root / "to" / str(number))
    if CAN_SYNC_FILESYSTEM:
        sync_filesystem(descriptor)
    os.close(descriptor)


def floor_single(root: Path, blobs: list[bytes]) -> None:
    """One file at a time: create, fsync, link, unlink, fsync of the folder."""
    root.mkdir(parents=True)
    descriptor = os.open(root, os.O_RDONLY)
    for number, data in enumerate(blobs):
        write_bare(root, "new", data, durable=True)
        os.link(root / "new", root / str(number))
        (root / "new").unlink()
        sync(descriptor)
    os.close(descriptor)


def bench_blobs(root: Path) -> None:
    rounds = [{Digest.of(blob): blob for blob in (os.urandom(BLOB_BYTES) for _ in range(BLOBS))} for _ in range(ROUNDS)]
    lists = [list(blobs.values()) for blobs in rounds]
    store = FileBlobStore(root)
    measure(
        BLOBS,
        bare_files_of_4_KB_in_one_batch=lambda turn: floor_batch(root / f"batch-{turn}", lists[turn]),
        blobs_of_4_KB_in_one_batch=lambda turn: store.put_many(rounds[turn]),
    )
    measure(
        BLOBS,
        the_same_blobs_again=lambda turn: store.put_many(rounds[turn]),
        blobs_read_and_verified=lambda turn: [store.get(digest) for digest in rounds[turn]],
    )
    measure(
        SINGLES,
        bare_files_of_4_KB_each_durable=lambda turn: floor_single(root / f"single-{turn}", lists[turn][:SINGLES]),
        blobs_of_4_KB_each_durable=lambda turn: [store.put(b"1" + blob) for blob in lists[turn][:SINGLES]],
    )


def changes(number: int, count: int) -> tuple[TaskChange, ...]:
    digest = Digest.of(str(number).encode())
    return tuple(
        TaskChange(
            action=TaskAction.DEPLOY,
            project="flytesnacks",
            domain="development",
            name=f"core.control_flow.task_{number}_{index}",
            version="v1",
            revision=1,
            digest=digest,
            fingerprint=digest,
            deployed_by="somebody@somewhere",
        )
        for index in range(count)
    )


def append(journal: FileJournal, count: int, size: int) -> Head:
    head = journal.head()
    for number in range(count):
        entry = Entry(head.sequence + 1, head.digest, datetime.now(UTC), "bench", changes(number, size))
        head = journal.append(entry)
    return head


def bench_journal(root: Path) -> None:
    journals = [FileJournal(root / f"small-{turn}", "bench") for turn in range(ROUNDS)]
    large = [FileJournal(root / f"large-{turn}", "bench") for turn in range(ROUNDS)]
    for turn in range(ROUNDS):
        (root / f"small-{turn}").mkdir()
        (root / f"large-{turn}").mkdir()
    measure(ENTRIES, entries_of_1_change_appended_each_durable=lambda turn: append(journals[turn], ENTRIES, 1))
    heads = [journal.head() for journal in journals]
    measure(
        ENTRIES,
        entries_of_1_change_read_and_verified=lambda turn: list(journals[turn].entries()),
        asking_for_news=lambda turn: [journals[turn].head(heads[turn]) for _ in range(ENTRIES)],
        settling=lambda turn: [journals[turn].settle(heads[turn]) for _ in range(ENTRIES)],
    )
    total = LARGE_ENTRIES * CHANGES_PER_LARGE_ENTRY
    measure(
        total, changes_appended_1000_an_entry=lambda turn: append(large[turn], LARGE_ENTRIES, CHANGES_PER_LARGE_ENTRY)
    )
    measure(total, changes_read_and_verified_1000_an_entry=lambda turn: list(large[turn].entries()))


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path.cwd()
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=folder) as name:
        bench_blobs(Path(name))
        bench_journal(Path(name))


if __name__ == "__main__":
    main()
