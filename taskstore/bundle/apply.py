"""Taking a bundle in. The order of writes is that of every commit (`taskstore.store.commit`), once for each chunk:

    1. its signature checked where one is required or there, and all of it verified; its place after what is known
       checked, contradictions found: nothing is written yet
       checked, contradictions found: nothing is written yet
    2. its blobs durable, as far as they are new       a stop leaves unnamed blobs, which gc removes or a retry uses
    3. for each chunk, one journal entry               with the new facts, and how far the other store is followed now

A chunk is as much as `limits` allows: a bundle that fits into one is taken all or not at all. A larger one is taken in
several entries, each a state that the other store went through; a stop between them leaves one of those, and applying
the bundle again goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from duckdb import DuckDBPyConnection

from taskstore.bundle.facts import Carried
from taskstore.bundle.layout import Config, Point
from taskstore.bundle.limits import BLOB_BYTES_AT_ONCE, BLOBS_AT_ONCE
from taskstore.bundle.operations import check_signature
from taskstore.bundle.reader import Bundle
from taskstore.bundle.survey import check_connects, chunks, known_of, survey
from taskstore.bundle.verify import Progress, verify
from taskstore.errors import BundleConflictError
from taskstore.index import applied, current, origins
from taskstore.journal.changes import Change, OriginChange, ProjectChange, TaskChange, TriggerChange
from taskstore.plan.policy import VersionPolicy
from taskstore.plan.state import State
from taskstore.plan.survey import Conflict, OnConflict, TakePlan
from taskstore.plan.take import Taker, newer_origins
from taskstore.store.commit import Decision
from taskstore.store.store import Store
from taskstore.trust import Signer
from taskstore_specs.digest import Digest

_SHOWN = 3


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


class Examined(msgspec.Struct, frozen=True):
    """What a store would take of a bundle whose store it follows up to entry `followed`, as of its own entry `head`."""

    plan: TakePlan
    followed: int
    head: int


def examine(store: Store, bundle: Bundle, on_conflict: OnConflict, progress: Progress) -> Examined:
    """Verify all of `bundle`, and see what `store` would take of it. Nothing is written.

    Raises BundleDamagedError, BundleGapError, BundleHistoryError, InvalidInputError for the store's own bundle.
    """
    verify(bundle, progress)
    return store.index.ask(lambda connection: _examine(connection, store, bundle, on_conflict))


def apply(store: Store, bundle: Bundle, on_conflict: OnConflict, by: str, progress: Progress) -> Applied:
    """Take `bundle` into `store`; `by` is who does it. What is known already is not taken again.

    Raises as `check_signature` and `examine`, and BundleConflictError, BusyError, StorageError.
    """
    signer = check_signature(store, bundle)
    examined = examine(store, bundle, on_conflict, progress)
    _refuse(examined)
    run = _Run(store, bundle, on_conflict, examined, signer)
    if examined.followed < bundle.config.until.sequence:
        _put_blobs(store, bundle)
        for chunk, upto in _ending(chunks(bundle.entries(), examined.followed), bundle.config.until):
            run.commit(chunk, upto, by)
    return run.result()


def _examine(connection: DuckDBPyConnection, store: Store, bundle: Bundle, on_conflict: OnConflict) -> Examined:
    config = bundle.config
    known = known_of(connection, config.store_id, config.selection.scope)
    check_connects(bundle, store.config.store_id, known)
    followed = known.sequence if known else 0
    if followed >= config.until.sequence and known:
        return Examined(TakePlan(), followed, applied(connection))
    immutable = store.config.policies.versions is VersionPolicy.IMMUTABLE
    return Examined(survey(connection, bundle, on_conflict, immutable=immutable), followed, applied(connection))


def _refuse(examined: Examined) -> None:
    refused = examined.plan.refused
    if not refused:
        return
    named = ", ".join(conflict.name for conflict in refused[:_SHOWN]) + (" …" if len(refused) > _SHOWN else "")
    theirs = "" if any(conflict.lasting for conflict in refused) else ", `--on-conflict theirs` takes what comes"
    raise BundleConflictError(
        f"the bundle contradicts this store about {named}",
        refused,
        hint=f"`--on-conflict ours` keeps what is here{theirs}",
    )


def _put_blobs(store: Store, bundle: Bundle) -> None:
    batch: dict[Digest, bytes] = {}
    size = 0
    for digest, data in bundle.blobs():
        batch[digest] = data
        size += len(data)
        if len(batch) >= BLOBS_AT_ONCE or size >= BLOB_BYTES_AT_ONCE:
            store.blobs.put_many(batch)
            batch, size = {}, 0
    if batch:
        store.blobs.put_many(batch)


def _ending(groups: Iterator[list[Carried]], until: Point) -> Iterator[tuple[list[Carried], Point]]:
    """Each group with how far the other store is followed once it is taken; the last one reaches `until`."""
    last = next(groups, [])
    for group in groups:
        yield last, Point(last[-1].entry.sequence, last[-1].digest)
        last = group
    yield last, until


class _Run:
    """One bundle being taken, chunk by chunk. `examined` is made anew when somebody else committed in between."""

    def __init__(
        self, store: Store, bundle: Bundle, on_conflict: OnConflict, examined: Examined, signer: Signer | None
    ) -> None:
        self._store, self._bundle, self._on_conflict = store, bundle, on_conflict
        self._signed_by = signer.principal if signer else None
        self._examined = examined
        self._taker = Taker(examined.plan)
        self._taken = 0
        self._sequences: list[int] = []

    def commit(self, chunk: Sequence[Carried], upto: Point, by: str) -> None:
        """Take one chunk in; then the other store is followed up to `upto`."""
        taken: list[Change] = []
        taker = self._taker

        def decide(connection: DuckDBPyConnection) -> Decision:
            nonlocal taker
            self._catch_up(connection)
            taker = self._taker.copy()
            taken[:] = self._take(connection, chunk, taker)
            return self._decision(connection, chunk, upto, taken)

        head = self._store.commit(decide, by)
        if head is not None:
            self._taker = taker
            self._taken += len(taken)
            self._sequences.append(head.sequence)
            self._examined = Examined(self._examined.plan, upto.sequence, head.sequence)

    def result(self) -> Applied:
        """What became of the bundle."""
        return Applied(
            digest=self._bundle.digest,
            config=self._bundle.config,
            signed_by=self._signed_by,
            taken=self._taken,
            known=self._bundle.config.counts.changes - self._taken,
            decided=self._examined.plan.decided,
            sequences=tuple(self._sequences),
        )

    def _catch_up(self, connection: DuckDBPyConnection) -> None:
        if applied(connection) != self._examined.head:
            self._examined = _examine(connection, self._store, self._bundle, self._on_conflict)
            self._taker = Taker(self._examined.plan)
            _refuse(self._examined)

    def _take(self, connection: DuckDBPyConnection, chunk: Sequence[Carried], taker: Taker) -> list[Change]:
        entries = [carried.entry for carried in chunk if carried.entry.sequence > self._examined.followed]
        state = _state(connection, [change for entry in entries for change in entry.changes])
        return [change for entry in entries for change in taker.take(entry, state)]

    def _decision(
        self, connection: DuckDBPyConnection, chunk: Sequence[Carried], upto: Point, taken: Sequence[Change]
    ) -> Decision:
        config = self._bundle.config
        if self._examined.followed >= upto.sequence > 0:
            return Decision(())
        known = {(origin.store_id, origin.scope): origin.sequence for origin in origins(connection)}
        passed_on = [
            change for carried in chunk for change in carried.entry.changes if isinstance(change, OriginChange)
        ]
        mark = OriginChange(
            store_id=config.store_id, sequence=upto.sequence, digest=upto.digest, scope=config.selection.scope
        )
        return Decision((*taken, *newer_origins(passed_on, known, self._store.config.store_id), mark))


def _state(connection: DuckDBPyConnection, changes: Sequence[Change]) -> State:
    versions = {change.task_id for change in changes if isinstance(change, TaskChange)}
    tasks = {change.task for change in changes if isinstance(change, TriggerChange)} | {task.task for task in versions}
    projects = {change.id for change in changes if isinstance(change, ProjectChange)} | {task.project for task in tasks}
    return State.of(current(connection, projects=projects, versions=versions, tasks=tasks))
