"""The journal: every entry there and whole, each following the one before, each blob that it names there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from taskstore.cas import BlobReader
from taskstore.check.exposure import Guard
from taskstore.check.listing import Found
from taskstore.check.problem import Commands, Kind, Problem
from taskstore.check.references import blobs_of
from taskstore.check.step import Step
from taskstore.errors import BlobNotFoundError, JournalDamagedError, NotFoundError, StorageError
from taskstore.journal.chain import break_between
from taskstore.journal.entry import Entry, Head
from taskstore_specs.digest import Digest

Read = Callable[[int], tuple[Entry, Digest]]


class Expectation(msgspec.Struct, frozen=True):
    """A head that was noted elsewhere: entry `sequence` had the digest `digest`."""

    sequence: int
    digest: Digest


class ChainCheck:
    """Looks at the entries of a journal in order.

    `read` reads one; `blobs` are those of the same store; `expected` is a head that the journal must have had.
    """

    def __init__(self, read: Read, blobs: BlobReader, guard: Guard, expected: Expectation | None) -> None:
        self._read, self._blobs, self._guard, self._expected = read, blobs, guard, expected
        self._commands: Commands = guard.commands

    def steps(self, found: Iterable[Found[int]], number: int, head: Head | None) -> Iterator[Step]:
        """Look at the files `found`, which follow entry `number`; what comes after a damaged entry is looked at too.

        `head` is that entry, or None if it cannot be read, and then the link from it is not checked.
        """
        for file in found:
            problems = list(self._guard.check_found(file))
            if file.name is None:
                if problems:
                    yield Step(mark=str(number), items=0, problems=tuple(problems))
                continue
            if file.name != number + 1:
                problems.append(self._missing(number + 1, file.name - 1))
                head = None
            number = file.name
            entry, head = self._look_at(number, head, problems)
            yield Step(mark=str(number), size=file.status.st_size, problems=(*problems, *self._check_blobs(entry)))
        expected = self._expected
        if expected is not None and expected.sequence > number:
            short = self._unexpected(expected, f"the journal ends at entry {number}")
            yield Step(mark=str(number), items=0, problems=(short,))

    def _look_at(self, number: int, head: Head | None, problems: list[Problem]) -> tuple[Entry | None, Head | None]:
        try:
            entry, digest = self._read(number)
        except (JournalDamagedError, StorageError) as error:
            problems.append(self._problem(Kind.ENTRY_DAMAGED, number, error.message))
            return None, None
        except NotFoundError:
            problems.append(self._missing(number, number))
            return None, None
        broken = break_between(head, entry) if head is not None else None
        if broken is not None:
            problems.append(self._problem(Kind.CHAIN_BROKEN, number, f"journal entry {number}: {broken}"))
        expected = self._expected
        if expected is not None and expected.sequence == number and expected.digest != digest:
            problems.append(self._unexpected(expected, f"entry {number} has the digest {digest}"))
        return entry, Head(number, digest, entry.committed_at)

    def _check_blobs(self, entry: Entry | None) -> Iterator[Problem]:
        for digest, size in dict.fromkeys(blobs_of(entry)) if entry else ():
            try:
                found = self._blobs.size(digest)
            except BlobNotFoundError:
                yield self._blob(Kind.BLOB_MISSING, digest, f"blob {digest} is missing")
                continue
            except StorageError as error:
                yield self._blob(Kind.BLOB_DAMAGED, digest, error.message)
                continue
            if (size is not None and found != size) or found == 0:
                yield self._blob(Kind.BLOB_DAMAGED, digest, f"blob {digest} has {found} bytes")

    def _blob(self, kind: Kind, digest: Digest, message: str) -> Problem:
        return Problem(kind=kind, message=message, repair=self._commands.repair, digest=digest)

    def _missing(self, first: int, last: int) -> Problem:
        what = f"journal entry {first} is" if first == last else f"journal entries {first} to {last} are"
        return Problem(
            kind=Kind.ENTRY_MISSING,
            message=f"{what} missing, and later ones are there",
            repair=self._commands.repair,
            sequence=first,
            last_sequence=last,
        )

    def _problem(self, kind: Kind, number: int, message: str) -> Problem:
        return Problem(kind=kind, message=message, repair=self._commands.repair, sequence=number)

    def _unexpected(self, expected: Expectation, why: str) -> Problem:
        return Problem(
            kind=Kind.HEAD_UNEXPECTED,
            message=f"{why}, where {expected.digest} was expected at entry {expected.sequence}: history was altered",
            repair=self._commands.repair,
            sequence=expected.sequence,
        )
