"""What a running daemon tells of itself, for `taskstored status` and `taskstore status`: a file for each inbox.

The file lies in the store's `locks/`, beside the lock that is held for as long as the inbox is watched; whether the
daemon runs is told by the lock, never by the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from taskstore.disk import temporary
from taskstore.disk.files import read_file
from taskstore.disk.folders import open_folder
from taskstore.disk.locks import Lock, hold, try_hold
from taskstore.errors import BusyError, TaskstoreError
from taskstore_specs.digest import Digest

_PREFIX = "inbox-"
_MOST_BYTES = 1024 * 1024


class Counts(msgspec.Struct):
    """How many files, each bundle as one, came to each end since the daemon started."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    applied: int = 0


class Named(msgspec.Struct, frozen=True):
    """A file, and why it is named."""

    path: str
    why: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one inbox. Lists name the first few; the counts are whole. Durations are seconds.

    `applying` is the bundle that is being taken in, empty if none is.
    """

    inbox: str
    pid: int
    started_at: datetime
    updated_at: datetime
    backend: str
    backend_reason: str
    known: int
    queued: int
    waiting: int
    applying: str
    ignored: int
    last_scan_at: datetime | None
    last_scan_seconds: float
    counts: Counts
    refused_count: int
    refused: tuple[Named, ...]
    waiting_files: tuple[Named, ...]
    ignored_files: tuple[Named, ...]
    problem: str
    last_error: str
    last_error_at: datetime | None


class InboxState(msgspec.Struct, frozen=True):
    """What is known of an inbox, and whether a daemon watches it now."""

    running: bool
    health: Health


class DaemonStatus(msgspec.Struct, frozen=True, kw_only=True):
    """An inbox in short. Counts are files; `problem` is what its daemon waits out now, empty if nothing."""

    inbox: str
    running: bool
    pid: int
    backend: str
    known: int
    queued: int
    waiting: int
    refused: int
    last_scan_at: datetime | None
    problem: str
    last_error: str
    last_error_at: datetime | None


def claim(store: Path, inbox: str) -> Lock:
    """Be the one daemon of `inbox` for this store, for as long as the lock is held. Raises BusyError, StorageError."""
    try:
        # The wait is for `taskstored status`, which holds the lock for a moment to see whether anybody does.
        return hold(_place(store, inbox).with_suffix(".lock"), shared=False, wait=1.0)
    except BusyError as error:
        message = f"another taskstored watches {inbox} already ({error.message})"
        raise BusyError(message, hint="`taskstored status` says more; end that one first") from error


def publish(store: Path, health: Health) -> None:
    """Replace what was told before. Not made durable: it means nothing after a power cut. Raises OSError."""
    place = _place(store, health.inbox).with_suffix(".json")
    with open_folder(store / "tmp") as source, open_folder(place.parent) as target:
        name = temporary.write(source, msgspec.json.encode(health), 0o666, durable=False)
        os.rename(name, place.name, src_dir_fd=source, dst_dir_fd=target)


def read_all(store: Path) -> Iterator[InboxState]:
    """Every inbox that a daemon of this store has watched, running or not. Raises StorageError."""
    for path in sorted((store / "locks").glob(f"{_PREFIX}*.json")):
        try:
            health = msgspec.json.decode(read_file(path, most=_MOST_BYTES), type=Health)
        except (TaskstoreError, msgspec.MsgspecError):
            continue  # replaced or removed just now, or of another version
        lock = try_hold(path.with_suffix(".lock"), shared=True)
        if lock is not None:
            lock.release()
        yield InboxState(running=lock is None, health=health)


def summarize(state: InboxState) -> DaemonStatus:
    """What of it the state of the whole store shows."""
    health = state.health
    return DaemonStatus(
        inbox=health.inbox,
        running=state.running,
        pid=health.pid,
        backend=health.backend,
        known=health.known,
        queued=health.queued,
        waiting=health.waiting,
        refused=health.refused_count,
        last_scan_at=health.last_scan_at,
        problem=health.problem,
        last_error=health.last_error,
        last_error_at=health.last_error_at,
    )


def _place(store: Path, inbox: str) -> Path:
    return store / "locks" / f"{_PREFIX}{Digest.of(inbox.encode()).hex[:32]}"
