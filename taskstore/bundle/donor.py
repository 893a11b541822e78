"""A bundle as what a damaged store is mended from: a `Donor` of `taskstore.check`."""

from __future__ import annotations

from collections.abc import Iterator, Set

from taskstore.bundle.operations import check_signature
from taskstore.bundle.reader import Bundle
from taskstore.journal import Entry
from taskstore.store.store import Store
from taskstore_specs.digest import Digest


class BundleDonor:
    """Gives `store` what `bundle` has, each verified against its digest; `repair` checks that entries fit its chain.

    The chain does not tell of a last entry whether it is the one that was lost: who signed the bundle does. Raises as
    `check_signature`.
    """

    def __init__(self, store: Store, bundle: Bundle) -> None:
        check_signature(store, bundle)
        self._bundle = bundle

    def blobs(self, wanted: Set[Digest]) -> Iterator[tuple[Digest, bytes]]:
        """Those of the `wanted` blobs that the bundle has."""
        return ((digest, data) for digest, data in self._bundle.blobs() if digest in wanted)

    def entries(self, first: int, last: int) -> Iterator[tuple[Entry, Digest]]:
        """Entries `first` to `last` of the bundle's store, in order, if the bundle has the first of them."""
        expected = first
        for entry, digest in self._bundle.journal_entries():
            if entry.sequence == expected <= last:
                yield entry, digest
                expected += 1
