"""What a blob store promises, as small capabilities composed into one.

No filesystem shows here, so that a store on an object store with conditional puts can stand behind it.
`tests/contract` holds every implementation to this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from taskstore_specs.digest import Digest


class BlobReader(Protocol):
    """Gives blobs out."""

    def get(self, digest: Digest) -> bytes:
        """The blob, its digest checked. Raises BlobNotFoundError, BlobDamagedError, StorageError."""

    def contains(self, digest: Digest) -> bool:
        """Whether the blob is there, unread: `get` tells whether it is whole. Raises StorageError."""

    def size(self, digest: Digest) -> int:
        """The size of the blob in bytes, unread. Raises BlobNotFoundError, StorageError."""

    def __iter__(self) -> Iterator[Digest]:
        """The digest of every blob, ascending, unread. Names that are no digest are passed over."""


class BlobWriter(Protocol):
    """Takes blobs in."""

    def put(self, data: bytes) -> Digest:
        """Store a blob; durable on return. Raises LimitExceededError, StorageError."""

    def put_many(self, blobs: Mapping[Digest, bytes]) -> int:
        """Store blobs; all are durable on return. Returns how many were not there, or were damaged.

        Raises InvalidInputError if some bytes do not have their digest, LimitExceededError and StorageError.
        A blob that was stored before this raised may be kept; a blob that nothing names does no harm.
        """


class BlobStore(BlobReader, BlobWriter, Protocol):
    """Blobs by their digest."""
