"""Whether a bundle is whole and says one thing: everything is read, nothing is kept, nothing is written."""

from __future__ import annotations

from taskstore.bundle.facts import check_fact
from taskstore.bundle.layout import Counts
from taskstore.bundle.progress import Progress
from taskstore.bundle.reader import Bundle
from taskstore.errors import BundleDamagedError, InvalidInputError
from taskstore.journal.changes import BlobChange, Change, blob_of
from taskstore_specs import decode_spec
from taskstore_specs.digest import Digest


def verify(bundle: Bundle, progress: Progress) -> None:
    """Read all of `bundle`: every digest, the chain, that its blobs are exactly those that its facts name, that each
    specification is one, and its counts. In memory it keeps one pack, and the digests of the blobs.

    Raises BundleDamagedError, StorageError.
    """
    declared = bundle.config.counts
    named = _Named()
    entries = changes = 0
    for carried in bundle.entries():
        entries += 1
        changes += len(carried.entry.changes)
        if entries > declared.entries or changes > declared.changes:
            raise BundleDamagedError("it holds more facts than it says")
        for change in carried.entry.changes:
            check_fact(change)
            named.add(change)
    bases = 0
    for bases, base in enumerate(bundle.bases(), 1):
        check_fact(base)
        if bases > declared.bases:
            raise BundleDamagedError("it holds more facts than it says")
    blobs = 0
    for blobs, (digest, data) in enumerate(bundle.blobs(), 1):
        named.check(digest, data)
        progress(blobs, declared.blobs)
    if blobs != len(named) or Counts(entries, changes, bases, blobs) != declared:
        raise BundleDamagedError("a blob is missing, or it does not hold as much as it says")


class _Named:
    """The blobs that facts name, and what the facts say of them."""

    def __init__(self) -> None:
        self._specs: set[bytes] = set()
        self._others: set[bytes] = set()
        self._sizes: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._specs | self._others)

    def add(self, change: Change) -> None:
        """Take the blob down that a fact names, if it names one."""
        blob = blob_of(change)
        if blob is None:
            return
        key, size = _key(blob[0]), blob[1]
        (self._others if isinstance(change, BlobChange) else self._specs).add(key)
        if size is not None:
            self._sizes[key] = size

    def check(self, digest: Digest, data: bytes) -> None:
        """Whether a blob is one of them, and what they say it is."""
        key = _key(digest)
        if key not in self._specs and key not in self._others:
            raise BundleDamagedError(f"no fact names the blob {digest}")
        if self._sizes.get(key, len(data)) != len(data):
            raise BundleDamagedError(f"the blob {digest} has {len(data)} bytes, and a fact says otherwise")
        if key in self._specs:
            try:
                decode_spec(data)
            except InvalidInputError as error:
                raise BundleDamagedError(f"the blob {digest} is no specification: {error.message}") from error


def _key(digest: Digest) -> bytes:
    return bytes.fromhex(digest.hex)
