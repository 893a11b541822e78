"""The journal as files: `journal/00000000/000000000042.json`, described in `specs/store-format.md`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from taskstore.disk.files import create_file, is_taken, read_file, replace_file
from taskstore.disk.folders import create_folder, list_folder, sync_folder
from taskstore.errors import (
    AlreadyExistsError,
    InvalidInputError,
    JournalDamagedError,
    LimitExceededError,
    NotAFileError,
    NotFoundError,
)
from taskstore.journal import numbering
from taskstore.journal.chain import break_between
from taskstore.journal.entry import Entry, Head, decode, encode, genesis
from taskstore.journal.limits import ENTRIES, ENTRY_BYTES
from taskstore_specs.digest import Digest

_READ_ONLY = 0o444


class FileJournal:
    """The journal of the store `store_id` at `root`: a Journal on a local filesystem.

    Any number of processes read. Whoever appends holds the store's write lock. Two that append without it still
    cannot take the same number; but one whose last step fails takes its entry back, on which the other may have built.
    """

    def __init__(self, root: Path, store_id: str) -> None:
        self._folder, self._tmp = root / "journal", root / "tmp"
        self._empty = Head(0, genesis(store_id), None)
        self._seen: Head | None = None

    def append(self, entry: Entry) -> Head:
        """See Journal. Order of writes: folder, temporary file, its fsync, link to the number, fsync of the folder."""
        data = _encoded(entry)
        head = self._seen = self.head(self._seen)
        if entry.sequence <= head.sequence:
            raise AlreadyExistsError(f"journal entry {entry.sequence} exists already", hint="plan anew and try again")
        broken = break_between(head, entry)
        if broken is not None:
            raise InvalidInputError(f"the entry does not continue the journal: {broken}")
        path = self._path(entry.sequence)
        if path.parent != self._path(head.sequence).parent:
            self.settle(head)
        create_folder(path.parent)
        create_file(path, data, tmp=self._tmp, mode=_READ_ONLY)
        self._seen = Head(entry.sequence, Digest.of(data), entry.committed_at)
        return self._seen

    def restore(self, entry: Entry, digest: Digest) -> None:
        """See Journal. The entry is renamed into place, over whatever is there."""
        data = _encoded(entry)
        if Digest.of(data) != digest:
            raise InvalidInputError(
                f"journal entry {entry.sequence} as it would be written does not have the digest {digest}",
                hint="copy its file from the store that has it",
            )
        path = self._path(entry.sequence)
        create_folder(path.parent)
        replace_file(path, data, tmp=self._tmp, mode=_READ_ONLY)
        self._seen = None

    def settle(self, head: Head) -> None:
        """See Journal. An entry's bytes were synced before it got its name, and the folders before it when the first
        entry after them was appended; the last names are left."""
        if head.sequence:
            for folder in (self._path(head.sequence).parent, self._folder):
                sync_folder(folder)

    def head(self, after: Head | None = None) -> Head:
        """See JournalReader."""
        known = after or self._empty
        last = self._last(after)
        if last == known.sequence:
            return known
        entry, digest = self._read_listed(last)
        return Head(last, digest, entry.committed_at)

    def entries(self, after: Head | None = None) -> Iterator[tuple[Entry, Digest]]:
        """See JournalReader."""
        head = after or self._empty
        for sequence in range(head.sequence + 1, self._last(after) + 1):
            entry, digest = self._read_listed(sequence)
            broken = break_between(head, entry)
            if broken is not None:
                raise JournalDamagedError(sequence, broken)
            head = Head(sequence, digest, entry.committed_at)
            yield entry, digest

    def digest(self, sequence: int) -> Digest:
        """See JournalReader."""
        return Digest.of(self._bytes(sequence))

    def read(self, sequence: int) -> tuple[Entry, Digest]:
        """See JournalReader."""
        data = self._bytes(sequence)
        return decode(data, sequence), Digest.of(data)

    def _bytes(self, sequence: int) -> bytes:
        if not 0 < sequence <= ENTRIES:
            raise NotFoundError(f"no journal entry {sequence}")
        try:
            return read_file(self._path(sequence), most=ENTRY_BYTES)
        except NotFoundError as error:
            raise NotFoundError(f"no journal entry {sequence}") from error
        except (NotAFileError, LimitExceededError) as error:
            raise JournalDamagedError(sequence, error.message) from error

    def _read_listed(self, sequence: int) -> tuple[Entry, Digest]:
        try:
            return self.read(sequence)
        except NotFoundError as error:
            raise JournalDamagedError(sequence, "it is missing") from error

    def _last(self, after: Head | None) -> int:
        if after is None:
            return self._last_listed()
        return numbering.last_present(after.sequence, lambda sequence: is_taken(self._path(sequence)))

    def _last_listed(self) -> int:
        """The highest number that has a file, 0 if none has."""
        for folder in reversed(list_folder(self._folder)):
            if numbering.is_folder(folder):
                for name in reversed(list_folder(self._folder / folder)):
                    sequence = numbering.sequence_of(folder, name)
                    if sequence is not None:
                        return sequence
        return 0

    def _path(self, sequence: int) -> Path:
        return self._folder / numbering.path_of(sequence)


def _encoded(entry: Entry) -> bytes:
    """The bytes of `entry`, within bounds and sure to be readable. Raises LimitExceededError, InvalidInputError."""
    try:
        data = encode(entry)
    except ValueError as error:
        raise InvalidInputError(f"journal entry {entry.sequence} cannot be written as JSON: {error}") from error
    if len(data) > ENTRY_BYTES or entry.sequence > ENTRIES:
        raise LimitExceededError(
            f"journal entry {entry.sequence} has {len(data)} bytes",
            hint=f"at most {ENTRY_BYTES} bytes and {ENTRIES} entries are written: deploy fewer tasks at a time",
        )
    try:
        decode(data, entry.sequence)
    except JournalDamagedError as error:
        raise InvalidInputError(f"journal entry {entry.sequence} could not be read again: {error.why}") from error
    return data
