"""Taking a bundle in. The order of writes is that of every commit (`taskstore.store.commit`), once for each chunk:

    1. its signature checked where one is required or there, and all of it verified; its place after what is known
       checked, contradictions found: nothing is written yet
    2. its blobs durable, as far as they are new       a stop leaves unnamed blobs, which gc removes or a retry uses
    3. the index alone until the end: nobody else commits, and nobody reads a part of the bundle
    4. for each chunk, one journal entry               with the new facts, and how far the other store is followed now

A chunk is as much as `limits` allows. A bundle that fits into one is taken all or not at all, whatever happens. Of a
larger one a stop in 4 leaves the chunks that were committed: a state that the other store went through. Applying the
bundle again goes on from there.
"""

from __future__ import annotations

from collections.abc import Container

import msgspec
from duckdb import DuckDBPyConnection

from taskstore.bundle.examine import compare, examine
from taskstore.bundle.layout import Config
from taskstore.bundle.operations import check_signature
from taskstore.bundle.progress import Progress, quiet
from taskstore.bundle.reader import Bundle
from taskstore.bundle.survey import Chunk, chunks
from taskstore.cas import batches
from taskstore.index import current, origins
from taskstore.journal.changes import Change, OriginChange, ProjectChange, TaskChange, TriggerChange, blob_of
from taskstore.plan.state import State
from taskstore.plan.survey import Conflict, OnConflict
from taskstore.plan.take import Taker, newer_origins
from taskstore.store.commit import Decision
from taskstore.store.store import Store
from taskstore_specs.digest import Digest


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a bundle: `taken` facts in the journal entries `sequences`, none if all was known; `known` facts
    that were here already, or older than what is here; `decided` are the contradictions that `on_conflict` decided."""

    digest: str
    config: Config
    signed_by: str | None
    taken: int
    known: int
    decided: tuple[Conflict, ...]
    sequences: tuple[int, ...]


def apply(store: Store, bundle: Bundle, on_conflict: OnConflict, by: str, progress: Progress) -> Applied:
    """Take `bundle` into `store`; `by` is who does it. What is known already is not taken again.

    Raises as `check_signature` and `examine`, and BundleConflictError, BusyError, StorageError.
    """
    signer = check_signature(store, bundle)
    steps = _Steps(bundle, progress)
    examined = examine(store, bundle, on_conflict, steps.verified)
    examined.require_no_conflict()
    taking = _Taking(store, bundle, by)
    until = bundle.config.until
    if examined.followed < until.sequence:
        put_blobs(store, bundle, steps.stored)
        with store.index.write() as writer:
            if writer.head.sequence != examined.head:
                examined = compare(writer.connection, store, bundle, on_conflict)
                examined.require_no_conflict()
            taker = Taker(examined.plan)
            for chunk in chunks(bundle.entries(), examined.followed, until):
                taker = taking.commit(chunk, taker)
                steps.committed(chunk)
    return Applied(
        digest=bundle.digest,
        config=bundle.config,
        signed_by=signer.principal if signer else None,
        taken=taking.taken,
        known=bundle.config.counts.changes - taking.taken,
        decided=examined.plan.decided,
        sequences=tuple(taking.sequences),
    )


def put_blobs(store: Store, bundle: Bundle, progress: Progress, wanted: Container[Digest] | None = None) -> None:
    """Store the blobs of `bundle`, or only those `wanted`, durably, some at a time."""
    done = 0
    for batch in batches((digest, data) for digest, data in bundle.blobs() if wanted is None or digest in wanted):
        store.blobs.put_many(batch)
        done += len(batch)
        progress(done, bundle.config.counts.blobs)


class _Taking:
    """One bundle being taken, chunk by chunk, by somebody who has the index alone."""

    def __init__(self, store: Store, bundle: Bundle, by: str) -> None:
        self._store, self._bundle, self._by = store, bundle, by
        self.taken = 0
        self.sequences: list[int] = []

    def commit(self, chunk: Chunk, taker: Taker) -> Taker:
        """Take one chunk in; then the other store is followed to its end. What takes the next one."""
        self._put_lost_blobs(chunk)
        taken: list[Change] = []
        after = taker

        def decide(connection: DuckDBPyConnection) -> Decision:
            nonlocal after
            after = taker.copy()
            taken[:] = _take(connection, chunk, after)
            return Decision((*taken, *self._followed(connection, chunk)))

        head = self._store.commit(decide, self._by)
        assert head is not None  # noqa: S101 - how far the other store is followed is always new
        self.taken += len(taken)
        self.sequences.append(head.sequence)
        return after

    def _put_lost_blobs(self, chunk: Chunk) -> None:
        """Before anybody had the index alone, gc may have removed what no entry named yet."""
        named = {blob[0] for change in chunk.changes() if (blob := blob_of(change))}
        lost = {digest for digest in named if not self._store.blobs.contains(digest)}
        if lost:
            put_blobs(self._store, self._bundle, quiet, lost)

    def _followed(self, connection: DuckDBPyConnection, chunk: Chunk) -> list[OriginChange]:
        """How far the bundle's store is followed, and third stores that it followed."""
        config, upto = self._bundle.config, chunk.upto
        known = {(origin.store_id, origin.scope): origin.sequence for origin in origins(connection)}
        passed_on = [change for change in chunk.changes() if isinstance(change, OriginChange)]
        mark = OriginChange(
            store_id=config.store_id, sequence=upto.sequence, digest=upto.digest, scope=config.selection.scope
        )
        return [*newer_origins(passed_on, known, self._store.config.store_id), mark]


class _Steps:
    """Tells how far it is, out of all: each blob verified, each blob stored, each fact committed."""

    def __init__(self, bundle: Bundle, progress: Progress) -> None:
        self._blobs, self._progress = bundle.config.counts.blobs, progress
        self._total = 2 * self._blobs + bundle.config.counts.changes
        self._facts = 0

    def verified(self, done: int, _: int) -> None:
        """So many blobs were verified."""
        self._progress(done, self._total)

    def stored(self, done: int, _: int) -> None:
        """So many blobs were stored."""
        self._progress(self._blobs + done, self._total)

    def committed(self, chunk: Chunk) -> None:
        """One more chunk was committed."""
        self._facts += sum(1 for _ in chunk.changes())
        self._progress(2 * self._blobs + self._facts, self._total)


def _take(connection: DuckDBPyConnection, chunk: Chunk, taker: Taker) -> list[Change]:
    state = State.of(_current(connection, chunk))
    return [change for carried in chunk.entries for change in taker.take(carried.entry, state)]


def _current(connection: DuckDBPyConnection, chunk: Chunk) -> list[Change]:
    """What this store last recorded of all that the chunk is about."""
    changes = list(chunk.changes())
    versions = {change.task_id for change in changes if isinstance(change, TaskChange)}
    tasks = {change.task for change in changes if isinstance(change, TriggerChange)} | {task.task for task in versions}
    projects = {change.id for change in changes if isinstance(change, ProjectChange)} | {task.project for task in tasks}
    return current(connection, projects=projects, versions=versions, tasks=tasks)
