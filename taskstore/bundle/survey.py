"""A bundle beside the store that it came to: whether it connects, what is new in it, what contradicts the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec
from duckdb import DuckDBPyConnection

from taskstore.bundle.facts import Carried
from taskstore.bundle.layout import Point
from taskstore.bundle.limits import FACT_BYTES_PER_ENTRY, FACTS_PER_ENTRY
from taskstore.bundle.reader import Bundle
from taskstore.errors import BundleGapError, BundleHistoryError, InvalidInputError
from taskstore.index import Subjects, applied, origins, past
from taskstore.journal.changes import Change, OriginChange, TaskChange, TriggerChange
from taskstore.plan.marks import subject_of
from taskstore.plan.survey import BEFORE_ALL, OnConflict, Place, Survey, TakePlan


def known_of(connection: DuckDBPyConnection, store_id: str, scope: str) -> OriginChange | None:
    """How far this store follows `store_id` in `scope`, which following everything covers too."""
    fitting = [origin for origin in origins(connection) if origin.store_id == store_id and origin.scope in ("", scope)]
    return max(fitting, key=lambda origin: origin.sequence, default=None)


def check_connects(bundle: Bundle, own_id: str, known: OriginChange | None) -> None:
    """Whether the store `own_id`, which knows `known` of the bundle's store, can take the bundle.

    Raises InvalidInputError for a store's own bundle, BundleGapError, BundleHistoryError.
    """
    config = bundle.config
    if config.store_id == own_id:
        raise InvalidInputError("the bundle is of this very store", hint="apply it to another store")
    followed = known.sequence if known else 0
    if followed < config.since.sequence:
        raise BundleGapError(config.store_id, followed, config.since.sequence)
    if known is None:
        return
    digests = [point.digest for point in (config.since, config.until) if point.sequence == followed]
    if config.since.sequence < followed < config.until.sequence:
        digests = [carried.digest for carried in bundle.entries() if carried.entry.sequence == followed]
    if any(digest != known.digest for digest in digests):
        raise BundleHistoryError(
            f"entry {followed} of {config.store_id} is known here as another one",
            hint="that store was restored from a copy and went on differently; make a new store there",
        )


def survey(
    connection: DuckDBPyConnection, bundle: Bundle, on_conflict: OnConflict, followed: int, *, immutable: bool
) -> TakePlan:
    """What this store, which follows the bundle's up to entry `followed`, takes of `bundle`.

    What did not change after that entry was compared when that entry was taken, and is left alone.
    """
    if applied(connection) == 0 and not immutable:
        return TakePlan()
    found = Survey(immutable=immutable)
    is_changed = _changed_after(bundle, followed)
    for bases in _batches(filter(is_changed, bundle.bases())):
        _look_up(connection, found, bases)
        for change in bases:
            found.add_theirs(BEFORE_ALL, change)
    for chunk in chunks(bundle.entries(), 0, bundle.config.until):
        theirs = [(place, change) for place, change in _placed(chunk) if is_changed(change)]
        _look_up(connection, found, [change for _, change in theirs])
        for place, change in theirs:
            found.add_theirs(place, change)
    return found.plan(on_conflict)


def _changed_after(bundle: Bundle, followed: int) -> Callable[[Change], bool]:
    """Whether a fact is about something that the bundle has facts about which follow entry `followed`."""
    if followed <= bundle.config.since.sequence:
        return lambda change: True
    entries = (carried.entry for carried in bundle.entries() if carried.entry.sequence > followed)
    changed = {subject_of(change) for entry in entries for change in entry.changes}
    return lambda change: subject_of(change) in changed


def _placed(chunk: Chunk) -> Iterator[tuple[Place, Change]]:
    for entry in (carried.entry for carried in chunk.entries):
        for number, change in enumerate(entry.dated()):
            yield (entry.sequence, number), change


class Chunk(NamedTuple):
    """Entries that one journal entry can hold, and how far their store is followed once they are taken."""

    entries: Sequence[Carried]
    upto: Point

    def changes(self) -> Iterator[Change]:
        """The facts in them."""
        return (change for carried in self.entries for change in carried.entry.changes)


def chunks(entries: Iterable[Carried], after: int, until: Point) -> Iterator[Chunk]:
    """The entries after entry `after`, in one chunk or more, the last of which reaches `until`.

    An entry is never split.
    """
    chunk: list[Carried] = []
    facts = size = 0
    for carried in entries:
        if carried.entry.sequence <= after:
            continue
        if facts >= FACTS_PER_ENTRY or size >= FACT_BYTES_PER_ENTRY:
            yield Chunk(chunk, Point(chunk[-1].entry.sequence, chunk[-1].digest))
            chunk, facts, size = [], 0, 0
        chunk.append(carried)
        facts += len(carried.entry.changes)
        size += carried.size
    yield Chunk(chunk, until)


def _batches(changes: Iterator[Change]) -> Iterator[list[Change]]:
    while batch := list(islice(changes, FACTS_PER_ENTRY)):
        yield batch


def _look_up(connection: DuckDBPyConnection, found: Survey, changes: Sequence[Change]) -> None:
    """Tell `found` what this store recorded of the things, and of their projects, that it was not told of yet."""
    subjects = Subjects.of(
        change for change in changes if (subject := subject_of(change)) is not None and not found.knows(subject)
    )
    projects = {change.project for change in changes if isinstance(change, TaskChange | TriggerChange)}
    unknown = {project for project in projects if not found.knows(("project", project))}
    subjects = msgspec.structs.replace(subjects, projects=subjects.projects | unknown)
    for recorded in past(connection, subjects):
        found.add_ours(recorded.change, own=recorded.own)
