"""Making a bundle of a store's facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

import msgspec

from taskstore.bundle import layout
from taskstore.bundle.facts import Extract, encode_base, encode_extract
from taskstore.bundle.layout import Config, Counts, Point
from taskstore.bundle.limits import FACTS_PER_ENTRY
from taskstore.bundle.progress import Progress
from taskstore.bundle.receipt import Receipt
from taskstore.bundle.writer import BundleWriter
from taskstore.errors import BundleHistoryError, InvalidInputError, JournalDamagedError
from taskstore.index import Subjects, blob, past
from taskstore.index.selection import Selection, chosen_places
from taskstore.journal import Entry, Head
from taskstore.journal.changes import BlobChange, Change, TaskChange, TriggerChange, blob_of
from taskstore.journal.entry import encode, genesis
from taskstore.plan.marks import Subject, subject_of
from taskstore.store.blobs import meant_by
from taskstore.store.store import Store
from taskstore_specs import encode_canonical
from taskstore_specs.digest import Digest

_REFERENCE = re.compile(rb'"taskstore://([^"\\]{1,1024})"')


class Created(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle holds; `digest` is that of its manifest."""

    digest: str
    config: Config


def find_since(store: Store, sequence: int | None, receipt: Receipt | None, selection: Selection) -> Point:
    """Where a bundle begins: after entry `sequence`, or what `receipt` knows of this store, else at the beginning.

    Raises InvalidInputError if this store has no such entry, BundleHistoryError if the receipt knows another history.
    """
    store_id = store.config.store_id
    known = receipt.of(store_id, selection.scope) if receipt else None
    since = known.sequence if known else sequence or 0
    head = store.journal.head()
    if known and since > head.sequence:
        raise BundleHistoryError(
            f"the receipt knows entry {since} of this store, which ends with entry {head.sequence}",
            hint="this store was restored from an older copy: restore the newest one, or send everything",
        )
    if not 0 <= since <= head.sequence:
        raise InvalidInputError(f"there is no entry {since}", hint=f"this store's last entry is {head.sequence}")
    digest = store.journal.read(since)[1] if since else genesis(store_id)
    if known and not digest.hex.startswith(known.digest):
        raise BundleHistoryError(
            f"the receipt knows another entry {since} than this store has",
            hint="one of two histories of this store was restored from a copy: send everything",
        )
    return Point(since, digest)


def write_bundle(store: Store, writer: BundleWriter, since: Point, selection: Selection, progress: Progress) -> Created:
    """Write what `selection` chooses of the facts after `since`, with every blob that they name.

    Raises JournalDamagedError, BlobNotFoundError, BlobDamagedError, LimitExceededError, StorageError.
    """
    head = store.journal.head()
    source = _Chosen(store, since, head, selection) if selection.scope else _All(store, since, head)
    bases = _write_bases(store, writer, since, source.changes())
    entries = changes = 0
    named: set[Digest] = set()
    for record, facts in source.records():
        writer.add(layout.ENTRIES, record)
        entries, changes = entries + 1, changes + len(facts)
        named.update(blob[0] for fact in facts if (blob := blob_of(fact)))
    for done, digest in enumerate(sorted(named), 1):
        writer.add(layout.BLOBS, store.blobs.get(digest))
        progress(done, len(named))
    config = Config(
        store_id=store.config.store_id,
        since=since,
        until=Point(head.sequence, head.digest),
        until_time=head.committed_at,
        selection=selection,
        counts=Counts(entries, changes, bases, len(named)),
    )
    return Created(digest=writer.finish(config), config=config)


class _All:
    """Everything after `since`, entry by entry as they stand in the journal."""

    def __init__(self, store: Store, since: Point, head: Head) -> None:
        self._store, self._since, self._head = store, since, head

    def changes(self) -> Iterator[tuple[Change, ...]]:
        """The changes of each entry."""
        return (entry.changes for entry, _ in self._entries())

    def records(self) -> Iterator[tuple[bytes, tuple[Change, ...]]]:
        """The record of each entry, and its changes."""
        for entry, digest in self._entries():
            data = encode(entry)
            if Digest.of(data) != digest:
                raise JournalDamagedError(entry.sequence, "a newer version of taskstore wrote more into it")
            yield data, entry.changes

    def _entries(self) -> Iterator[tuple[Entry, Digest]]:
        after = Head(self._since.sequence, self._since.digest, None)
        last = self._head.sequence
        return takewhile(lambda read: read[0].sequence <= last, self._store.journal.entries(after))


class _Chosen:
    """What a selection chooses, gathered by entry."""

    def __init__(self, store: Store, since: Point, head: Head, selection: Selection) -> None:
        self._store = store
        found = store.index.ask(lambda index: chosen_places(index, selection, since.sequence, head.sequence))
        self._places: dict[int, list[int]] = {}
        for sequence, position in found:
            self._places.setdefault(sequence, []).append(position)

    def changes(self) -> Iterator[tuple[Change, ...]]:
        """The chosen changes of each entry."""
        return (extract.changes for extract in self._extracts())

    def records(self) -> Iterator[tuple[bytes, tuple[Change, ...]]]:
        """The record of each entry of which something is chosen, and its changes."""
        carried: set[str] = set()
        for extract in self._extracts():
            names = {name for change in extract.changes for name in self._names_in(change)} - carried
            carried |= names
            changes = (*self._blobs(names), *extract.changes)
            yield encode_extract(msgspec.structs.replace(extract, changes=changes)), changes

    def _extracts(self) -> Iterator[Extract]:
        for sequence, positions in self._places.items():
            entry, digest = self._store.journal.read(sequence)
            changes = tuple(entry.changes[position] for position in positions)
            yield Extract(sequence, digest, entry.committed_at, entry.committed_by, changes)

    def _names_in(self, change: Change) -> Iterator[str]:
        """What a chosen fact refers to as `taskstore://NAME`."""
        data = b""
        if isinstance(change, TaskChange):
            data = self._store.blobs.get(change.digest)
        elif isinstance(change, TriggerChange):
            data = encode_canonical(change.trigger)
        return (name.decode("utf-8", "replace") for name in _REFERENCE.findall(data))

    def _blobs(self, names: set[str]) -> list[BlobChange]:
        if not names:
            return []
        wanted = {name for reference in names for name in meant_by(reference)}
        found = self._store.index.ask(lambda index: [blob(index, name) for name in sorted(wanted)])
        return [change for change in found if change is not None]


def _write_bases(store: Store, writer: BundleWriter, since: Point, changes: Iterator[tuple[Change, ...]]) -> int:
    """Write how everything that changes stood at `since`; how many things that is."""
    if since.sequence == 0:
        return 0
    seen: set[Subject] = set()
    count = 0
    batch: list[Change] = []
    for facts in changes:
        batch.extend(facts)
        if len(batch) >= FACTS_PER_ENTRY:
            count += _write_bases_of(store, writer, since, batch, seen)
            batch = []
    return count + _write_bases_of(store, writer, since, batch, seen)


def _write_bases_of(store: Store, writer: BundleWriter, since: Point, changes: list[Change], seen: set[Subject]) -> int:
    new = [change for change in changes if subject_of(change) not in seen]
    recorded = store.index.ask(lambda index: past(index, Subjects.of(new), since.sequence))
    last = {subject: fact.change for fact in recorded if (subject := subject_of(fact.change)) is not None}
    seen.update(subject for change in new if (subject := subject_of(change)) is not None)
    for subject in sorted(last):
        writer.add(layout.BASES, encode_base(last[subject]))
    return len(last)
