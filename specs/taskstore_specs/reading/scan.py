"""What a pass over a text keeps: where the wanted things stand, and what it finds that a manifest must not have."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from taskstore_specs import limits
from taskstore_specs.errors import Problem, Rule
from taskstore_specs.findings import Finding, Path
from taskstore_specs.reading.marks import Mark, Marks, problem, respelled


class GivenUpError(Exception):
    """A scan has found enough, or what it must not go on from."""


class Scan:
    """The state of a pass: the `path` it is at, `marks` of the `wanted` paths and of findings, and the `findings`.

    Only what is wanted is kept, so that a large text does not make a larger table.
    """

    def __init__(self, wanted: AbstractSet[Path]) -> None:
        self._wanted = wanted
        self._last_steps = {path[-1] for path in wanted}
        self.path: list[str | int] = [-1]
        self.marks: Marks = {}
        self.findings: list[Finding] = []
        self.several = False

    def note(self, mark: Mark) -> None:
        """The thing at `path` stands at `mark`."""
        if self.path in ([1], [0, 1]):
            self.several = True
        if respelled(self.path[-1:])[0] in self._last_steps:
            place = respelled(self.path)
            if place in self._wanted:
                self.marks.setdefault(place, mark)

    def find(self, mark: Mark, rule: Rule, message: str, hint: str) -> None:
        """Something is wrong with the thing at `path`. Raises GivenUpError once there is enough to tell."""
        self.marks[respelled(self.path)] = mark
        self.findings.append(Finding(rule, tuple(self.path), message, hint))
        if len(self.findings) >= limits.PROBLEMS_PER_MANIFEST:
            raise GivenUpError

    def problems(self) -> list[Problem]:
        """The findings, with where they stand."""
        return [problem(finding, self.marks, several=self.several) for finding in self.findings]
