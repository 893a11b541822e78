"""The commit: from a decision to a fact that survives a power cut. The order of writes is the whole of it.

    1. the writer's lock; the index caught up with the journal, so that the decision sees every fact
    2. decide (pure)
    3. blobs durable                  a stop here leaves unnamed blobs, which gc removes later
    4. journal entry N, if absent     this is the commit; a stop before it leaves nothing that counts
    5. index                          a stop before it leaves an index that is behind; the next open catches it up

Nothing is acknowledged before 4 returned. What fails in 5 is not the caller's concern: the entry stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec
from duckdb import DuckDBPyConnection

from taskstore.cas import BlobStore
from taskstore.errors import (
    AlreadyExistsError,
    BlobDamagedError,
    BlobNotFoundError,
    BusyError,
    StorageError,
    TaskstoreError,
)
from taskstore.index import Index
from taskstore.journal import Journal
from taskstore.journal.changes import Change
from taskstore.journal.entry import Entry, Head
from taskstore_specs.digest import Digest

_MOST_ATTEMPTS = 10

Clock = Callable[[], datetime]
"""Tells the time, aware and in UTC."""


class Decision(msgspec.Struct, frozen=True):
    """What is to be recorded, and the blobs that it names. No changes: nothing is recorded.

    `unchanged` are blobs that what is recorded already names: whoever gives them again mends one that was lost.
    """

    changes: tuple[Change, ...]
    blobs: Mapping[Digest, bytes] = {}
    unchanged: Mapping[Digest, bytes] = {}


class Committer:
    """Commits decisions to one store, one at a time among all processes."""

    def __init__(self, blobs: BlobStore, journal: Journal, index: Index, clock: Clock) -> None:
        self._blobs = blobs
        self._journal = journal
        self._index = index
        self._clock = clock

    def commit(self, decide: Callable[[DuckDBPyConnection], Decision], by: str) -> Head | None:
        """Record what `decide` makes of the current facts; the new head, or None when there was nothing to record.

        `decide` may be called again when another program took the entry's number meanwhile. Raises what `decide`
        raises, BusyError, StorageError; then nothing was recorded.
        """
        for _ in range(_MOST_ATTEMPTS):
            with self._index.write() as writer:
                decision = decide(writer.connection)
                blobs = {**decision.blobs, **self._lost(decision.unchanged)}
                if blobs:
                    self._blobs.put_many(blobs)
                if not decision.changes:
                    # "Unchanged" is an answer that rests on entries of others; it must survive a power cut as well.
                    self._journal.settle(writer.head)
                    return None
                entry = self._next_entry(writer.head, decision.changes, by)
                try:
                    head = self._journal.append(entry)
                except AlreadyExistsError:
                    continue
                try:
                    writer.apply([(entry, head.digest)])
                except TaskstoreError as error:
                    _warn(head, error)
                return head
        raise BusyError("other writers took every entry number", hint="try again")

    def _lost(self, blobs: Mapping[Digest, bytes]) -> dict[Digest, bytes]:
        """Those that are missing or damaged."""
        lost = {}
        for digest, data in blobs.items():
            try:
                self._blobs.get(digest)
            except (BlobNotFoundError, BlobDamagedError, StorageError):
                lost[digest] = data
        return lost

    def _next_entry(self, head: Head, changes: tuple[Change, ...], by: str) -> Entry:
        now = self._clock()
        return Entry(
            sequence=head.sequence + 1,
            previous=head.digest,
            # A clock that was set back must not make history run backwards.
            committed_at=max(now, head.committed_at) if head.committed_at else now,
            committed_by=by,
            changes=changes,
        )


def _warn(head: Head, error: TaskstoreError) -> None:
    import logging  # only where it is needed: a command that lists imports this module too

    logging.getLogger("taskstore.store").warning(
        "entry %d is recorded; the index will catch up: %s", head.sequence, error
    )


def system_clock() -> datetime:
    """The time now, aware and in UTC."""
    return datetime.now(UTC)
