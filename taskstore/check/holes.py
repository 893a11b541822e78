"""Which entries a journal lacks, and how many of a donor's belong there. Pure.

An entry belongs into a hole if the whole hole can be filled so that the chain is whole again: each entry names the
digest of the one before, and the first whole entry after the hole names that of the last. Only where the hole is the
journal's end is there no such proof, and what continues the chain is taken.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from taskstore.check.problem import Kind, Problem
from taskstore.journal.chain import break_between
from taskstore.journal.entry import Entry, Head
from taskstore_specs.digest import Digest


class Hole(msgspec.Struct, frozen=True, order=True):
    """Entries `first` to `last`: missing, damaged, or not of this chain."""

    first: int
    last: int


def find_holes(problems: Iterable[Problem]) -> list[Hole]:
    """The holes that the problems of a journal come to, ascending, neighbours joined.

    Where the chain is broken between two whole entries, either may be the altered one, so both are a hole.
    """
    holes: list[Hole] = []
    for hole in sorted(hole for problem in problems for hole in _holes(problem)):
        if holes and hole.first <= holes[-1].last + 1:
            holes[-1] = Hole(holes[-1].first, max(hole.last, holes[-1].last))
        else:
            holes.append(hole)
    return holes


def last_fitting(
    hole: Hole, before: Head, following: Entry | None, offered: Iterable[tuple[Entry, Digest]]
) -> int | None:
    """The last of the entries `offered`, which begin with the first of the hole, that belongs there; None if none does.

    `before` and `following` are the whole entries around the hole; `following` is None at the journal's end.
    """
    head = before
    for entry, digest in offered:
        if break_between(head, entry) is not None:
            break
        head = Head(entry.sequence, digest, entry.committed_at)
    if following is None:
        return head.sequence if head.sequence >= hole.first else None
    return hole.last if (head.sequence, head.digest) == (hole.last, following.previous) else None


def _holes(problem: Problem) -> Iterable[Hole]:
    if problem.sequence is None:
        return
    if problem.kind in (Kind.ENTRY_DAMAGED, Kind.ENTRY_MISSING):
        yield Hole(problem.sequence, problem.last_sequence or problem.sequence)
    elif problem.kind is Kind.CHAIN_BROKEN:
        yield Hole(max(problem.sequence - 1, 1), problem.sequence)
