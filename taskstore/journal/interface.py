"""What a journal promises. `tests/contract` holds every implementation to this.

No filesystem shows here, so that a journal on an object store with conditional puts can stand behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from taskstore.journal.entry import Entry, Head
from taskstore_specs.digest import Digest


class JournalReader(Protocol):
    """Gives entries out."""

    def head(self, after: Head | None = None) -> Head:
        """Where the journal ends. `after` is a head seen earlier: with it, an unchanged journal costs one look.

        Raises JournalDamagedError if the last entry is malformed, StorageError.
        """

    def entries(self, after: Head | None = None) -> Iterator[tuple[Entry, Digest]]:
        """Every entry that follows `after` (else all), in order, each with the digest of its bytes.

        Raises JournalDamagedError at the first that is missing, malformed or does not continue the chain: numbers go
        up by one, `previous` is the digest of the entry before, `committed_at` never goes back. StorageError.
        """

    def digest(self, sequence: int) -> Digest:
        """The digest of the bytes of entry `sequence`, which are not looked into.

        Raises NotFoundError, JournalDamagedError of what is no file of an entry's size, StorageError.
        """

    def read(self, sequence: int) -> tuple[Entry, Digest]:
        """Entry `sequence` and the digest of its bytes, checked by itself, its place in the chain not.

        Raises NotFoundError, JournalDamagedError, StorageError.
        """


class Journal(JournalReader, Protocol):
    """Entries, numbered from 1 without gaps and chained by their digests; never changed, only appended to."""

    def append(self, entry: Entry) -> Head:
        """Commit `entry`, which must continue the chain; durable on return. Returns the new head.

        Raises AlreadyExistsError if the number is taken (somebody else committed first), InvalidInputError if the
        entry does not continue the chain, LimitExceededError, JournalDamagedError, StorageError. Nothing is written
        then.
        """

    def restore(self, entry: Entry, digest: Digest) -> None:
        """Put back an entry that is missing or damaged, as another copy of this journal has it; durable on return.

        That `entry` fits where it goes is for the caller to know, who holds the write lock. Raises InvalidInputError if
        its bytes do not have the digest `digest`, as with an entry of a later version; StorageError.
        """

    def settle(self, head: Head) -> None:
        """Return once the entries up to `head` are durable.

        An entry can be seen a moment before it is durable, and whoever wrote it may have been stopped between the two.
        So a writer calls this before it acknowledges, without writing, what it knows from entries of others.
        Raises StorageError.
        """
