"""Where a repair takes from: another store, or whatever else gives verified blobs and entries, such as a bundle."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Protocol

from taskstore.errors import DamagedError, NotFoundError, StorageError
from taskstore.journal.entry import Entry
from taskstore.store.store import Store
from taskstore_specs.digest import Digest


class Donor(Protocol):
    """Gives what it has of what is wanted; what it does not have, or has damaged, it leaves out."""

    def blobs(self, wanted: Set[Digest]) -> Iterator[tuple[Digest, bytes]]:
        """Blobs, in any order, each with its digest."""

    def entries(self, first: int, last: int) -> Iterator[tuple[Entry, Digest]]:
        """Journal entries `first` to `last` in order, each with the digest of its bytes, up to one it does not have."""


class StoreDonor:
    """Another store as a Donor."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def blobs(self, wanted: Set[Digest]) -> Iterator[tuple[Digest, bytes]]:
        """See Donor."""
        for digest in sorted(wanted):
            try:
                data = self._store.blobs.get(digest)
            except (NotFoundError, DamagedError, StorageError):
                continue
            yield digest, data

    def entries(self, first: int, last: int) -> Iterator[tuple[Entry, Digest]]:
        """See Donor."""
        for sequence in range(first, last + 1):
            try:
                found = self._store.journal.read(sequence)
            except (NotFoundError, DamagedError, StorageError):
                return
            yield found
