"""What an fsck found."""

from __future__ import annotations

import msgspec

from taskstore.check.problem import BLOB_KINDS, Problem
from taskstore.check.step import Step
from taskstore_specs.digest import Digest

PROBLEMS = 10_000
"""How many problems are listed; the others are counted only, which bounds the memory of a check."""


class Checked(msgspec.Struct, frozen=True):
    """How much was looked at: journal entries, blobs, the `bytes` of both, and the entries compared with the index."""

    entries: int = 0
    blobs: int = 0
    bytes: int = 0
    indexed: int = 0


class FsckReport(msgspec.Struct, frozen=True):
    """What a check came to. `unlisted` problems are beyond the limit of a report.

    `complete` is false when the budget ended before everything had been looked at.
    """

    checked: Checked
    problems: tuple[Problem, ...]
    unlisted: int
    complete: bool


class Tally:
    """Adds steps up. A blob that many entries name is told of once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.unlisted = 0
        self._counts = {"entries": 0, "blobs": 0, "bytes": 0, "indexed": 0}
        self._blobs: set[Digest] = set()

    def add(self, step: Step, counted: str) -> None:
        """Take in a step that looked at things `counted` as that field of Checked."""
        self._counts[counted] += step.items
        self._counts["bytes"] += step.size
        for problem in step.problems:
            self.add_problem(problem)

    def add_problem(self, problem: Problem) -> None:
        """Take in a problem, unless it is of a blob that was told of."""
        if len(self.problems) >= PROBLEMS:
            self.unlisted += 1
            return
        if problem.kind in BLOB_KINDS and problem.digest is not None:
            if problem.digest in self._blobs:
                return
            self._blobs.add(problem.digest)
        self.problems.append(problem)

    @property
    def checked(self) -> Checked:
        """What has been looked at so far."""
        return Checked(**self._counts)
