"""Many blobs in groups that are stored at once: large ones wait seldom for the disk, and bounded ones fit in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from taskstore.cas.limits import BLOBS_AT_ONCE, BYTES_AT_ONCE
from taskstore_specs.digest import Digest


def batches(blobs: Iterable[tuple[Digest, bytes]]) -> Iterator[dict[Digest, bytes]]:
    """The blobs, each with its digest, in groups for `BlobWriter.put_many`. None is empty."""
    batch: dict[Digest, bytes] = {}
    size = 0
    for digest, data in blobs:
        batch[digest] = data
        size += len(data)
        if len(batch) >= BLOBS_AT_ONCE or size >= BYTES_AT_ONCE:
            yield batch
            batch, size = {}, 0
    if batch:
        yield batch
