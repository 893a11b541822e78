"""repair: what is missing or damaged is fetched from a donor, verified, made durable; then the index is made anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from taskstore.cas import batches
from taskstore.check.donor import Donor
from taskstore.check.fsck import Fsck
from taskstore.check.holes import Hole, find_holes, last_fitting
from taskstore.check.position import Phase
from taskstore.check.problem import BLOB_KINDS, ENTRY_KINDS, Problem
from taskstore.errors import DamagedError, NotFoundError, StorageError
from taskstore.journal.entry import Entry
from taskstore.store.store import Store
from taskstore_specs.digest import Digest


class RepairReport(msgspec.Struct, frozen=True):
    """What was put back: journal entries by their numbers, blobs by their digests; and what is still wrong."""

    entries: tuple[int, ...]
    blobs: tuple[Digest, ...]
    problems: tuple[Problem, ...]

    @property
    def repaired(self) -> int:
        """How many objects were put back."""
        return len(self.entries) + len(self.blobs)


def repair(store: Store, donor: Donor) -> RepairReport:
    """Put back into `store` what `donor` has of what is missing or damaged.

    The journal comes first, as its entries say which blobs are needed. What the donor lacks, and entries that do not
    fit the chain, are left and told of. Doing it again is harmless. Raises BusyError, StorageError.
    """
    fsck = Fsck(store)
    holes = find_holes(fsck.examine(Phase.JOURNAL))
    entries = _fill_holes(store, donor, fsck, holes) if holes else ()
    found = list(fsck.examine(Phase.JOURNAL, Phase.BLOBS))
    damaged = {problem.digest: problem for problem in found if problem.kind in BLOB_KINDS and problem.digest}
    fetched = _fetch_blobs(store, donor, damaged.keys())
    left = [problem for problem in found if problem.kind in ENTRY_KINDS]
    if not left:
        store.rebuild()
    left += (problem for digest, problem in damaged.items() if digest not in fetched)
    return RepairReport(tuple(entries), tuple(fetched), fsck.explain(left))


def _fill_holes(store: Store, donor: Donor, fsck: Fsck, holes: Iterable[Hole]) -> list[int]:
    """Put entries back while nobody commits; the numbers of those that changed."""
    with store.index.excluded():
        return [number for hole in holes for number in _fill(store, donor, fsck, hole)]


def _fill(store: Store, donor: Donor, fsck: Fsck, hole: Hole) -> Iterator[int]:
    # Where more of history was altered than the hole shows, only the whole of it up to there fits.
    for candidate in (hole, Hole(1, hole.last)):
        before = fsck.head_at(candidate.first - 1)
        if before is None:
            continue
        offered = donor.entries(candidate.first, candidate.last)
        last = last_fitting(candidate, before, _entry(store, candidate.last + 1), offered)
        if last is not None:
            yield from _restore(store, donor.entries(candidate.first, last))
            return


def _restore(store: Store, entries: Iterable[tuple[Entry, Digest]]) -> Iterator[int]:
    for entry, digest in entries:
        if _digest(store, entry.sequence) != digest:
            store.journal.restore(entry, digest)
            yield entry.sequence


def _entry(store: Store, number: int) -> Entry | None:
    try:
        return store.journal.read(number)[0]
    except NotFoundError:
        return None


def _digest(store: Store, number: int) -> Digest | None:
    try:
        return store.journal.read(number)[1]
    except (NotFoundError, DamagedError, StorageError):
        return None


def _fetch_blobs(store: Store, donor: Donor, wanted: Iterable[Digest]) -> dict[Digest, None]:
    """Store those of the `wanted` blobs that `donor` has; which those are, in the order in which it gave them."""
    fetched: dict[Digest, None] = {}
    for batch in batches(donor.blobs(frozenset(wanted))):
        store.blobs.put_many(batch)
        fetched.update(dict.fromkeys(batch))
    return fetched
