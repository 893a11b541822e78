"""Which blobs the journal names. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from taskstore.journal.changes import blob_of
from taskstore.journal.entry import Entry
from taskstore_specs.digest import Digest


def blobs_of(entry: Entry) -> Iterator[tuple[Digest, int | None]]:
    """Each blob that the entry names, and its size in bytes where the entry says it."""
    for change in entry.changes:
        blob = blob_of(change)
        if blob is not None:
            yield blob
