"""Another store's facts beside this one's: what is new here, and what contradicts what is here. Pure.

Each thing has a history in either store, a line of facts. Where the last fact that both lines have is also the last of
this store's, everything after it in the other's is new and is taken. Where both lines went on from there, and ended in
different content, they contradict each other, and only a person can decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, TypeAlias

import msgspec

from taskstore.journal.changes import Change, ProjectChange, TaskChange, TriggerAction, TriggerChange
from taskstore.plan.marks import Mark, Subject, describe, mark_of, subject_of

Place: TypeAlias = tuple[int, int]
"""Where a fact stands in its store's journal: the entry's number, and its place in the entry."""

BEFORE_ALL: Place = (0, -1)


class OnConflict(Enum):
    """What becomes of a contradiction: the bundle is refused, what is here stays, or what comes is taken."""

    REFUSE = "refuse"
    OURS = "ours"
    THEIRS = "theirs"


class Conflict(msgspec.Struct, frozen=True):
    """Two stores contradict each other about `name`, a `task`, `trigger`, `project` or `blob`: what either says.

    `lasting`: this store's rules let nobody decide for the other's.
    """

    kind: str
    name: str
    ours: str
    theirs: str
    lasting: bool = False


class Flags(NamedTuple):
    """What an operator sets of a trigger."""

    active: bool
    paused: bool


class TakePlan(msgspec.Struct, frozen=True):
    """What to take of the other store's facts: of each thing those after its place in `after`, of the others all.

    `flags` is what the other store last said of a trigger up to there; `held` are the triggers that an operator of this
    store paused; nothing is taken for the projects in `closed`. `refused` stands in the way of everything; `decided`
    are the contradictions that were decided.
    """

    after: dict[Subject, Place] = {}
    flags: dict[Subject, Flags] = {}
    held: frozenset[Subject] = frozenset()
    closed: frozenset[str] = frozenset()
    refused: tuple[Conflict, ...] = ()
    decided: tuple[Conflict, ...] = ()


def first_new(theirs: Sequence[Mark], ours: Sequence[Mark]) -> int | None:
    """How many of `theirs` are behind this store; what follows them is new. None if the two contradict each other."""
    if not ours:
        return 0
    known = set(ours)
    common = max((number for number, mark in enumerate(theirs) if mark in known), default=-1)
    current = ours[-1]
    if common >= 0 and theirs[common].content == current.content:
        return common + 1
    if common == len(theirs) - 1:
        return len(theirs)
    same = max((number for number, mark in enumerate(theirs) if mark.content == current.content), default=-1)
    return same + 1 if same > common else None


def last_digest_run(theirs: Sequence[Mark]) -> int:
    """Where the last specification of `theirs` begins: from there on all have the same digest."""
    start = len(theirs)
    while start and theirs[start - 1].digest == theirs[-1].digest:
        start -= 1
    return start


class Survey:
    """Gathers both stores' facts of the things that both have, then plans.

    `immutable`: this store never replaces a version's content.
    """

    def __init__(self, *, immutable: bool) -> None:
        self._immutable = immutable
        self._ours: dict[Subject, list[Mark]] = {}
        self._theirs: dict[Subject, list[tuple[Place, Mark, Flags | None]]] = {}
        self._held: set[Subject] = set()
        self._archived: dict[str, bool] = {}
        self._touched: set[str] = set()

    def knows(self, subject: Subject) -> bool:
        """Whether this store has facts of `subject`, as far as `add_ours` was told."""
        return subject in self._ours

    def add_ours(self, change: Change, *, own: bool) -> None:
        """A fact of this store, in the order of its journal, `at` set. `own` if it came from no bundle."""
        subject = subject_of(change)
        if subject is None:
            return
        self._ours.setdefault(subject, []).append(mark_of(change))
        if isinstance(change, ProjectChange):
            self._archived[change.id] = change.archived
        if own and isinstance(change, TriggerChange):
            if change.action is TriggerAction.PAUSE:
                self._held.add(subject)
            elif change.action is TriggerAction.RESUME:
                self._held.discard(subject)

    def add_theirs(self, place: Place, change: Change) -> None:
        """A fact of the other store, in the order of its journal, `at` set; after `add_ours` of the same thing."""
        subject = subject_of(change)
        if subject is None:
            return
        if subject in self._ours or (self._immutable and isinstance(change, TaskChange)):
            flags = Flags(change.trigger.spec.active, change.paused) if isinstance(change, TriggerChange) else None
            self._theirs.setdefault(subject, []).append((place, mark_of(change), flags))
        elif isinstance(change, TaskChange | TriggerChange):
            self._touched.add(change.project)

    def plan(self, on_conflict: OnConflict) -> TakePlan:
        """What to take, contradictions decided as `on_conflict` says."""
        after: dict[Subject, Place] = {}
        flags: dict[Subject, Flags] = {}
        conflicts: list[Conflict] = []
        for subject, line in self._theirs.items():
            start, conflict = self._judge(subject, [mark for _, mark, _ in line])
            if conflict is not None:
                conflicts.append(conflict)
                if on_conflict is OnConflict.OURS:
                    start = len(line)
            if start < len(line) and subject[0] in ("task", "trigger"):
                self._touched.add(subject[1])
            place, _, said = line[start - 1] if start else (BEFORE_ALL, None, None)
            after[subject] = place
            if said is not None:
                flags[subject] = said
        closed = self._closed()
        conflicts += [Conflict("project", project, "archived", "takes deploys") for project in sorted(closed)]
        return TakePlan(
            after=after,
            flags=flags,
            held=frozenset(self._held),
            closed=frozenset(closed if on_conflict is OnConflict.OURS else ()),
            refused=tuple(conflict for conflict in conflicts if _stands(conflict, on_conflict)),
            decided=tuple(conflict for conflict in conflicts if not _stands(conflict, on_conflict)),
        )

    def _judge(self, subject: Subject, theirs: Sequence[Mark]) -> tuple[int, Conflict | None]:
        """Where what is new begins (after a contradiction: after the last fact that both have), and what speaks
        against taking it."""
        ours = self._ours.get(subject, [])
        start = first_new(theirs, ours)
        contradicts = start is None
        if start is None:
            known = set(ours)
            start = max((number + 1 for number, mark in enumerate(theirs) if mark in known), default=0)
        lasting = subject[0] == "blob"
        if self._immutable and subject[0] == "task" and start < len(theirs):
            start = max(start, last_digest_run(theirs))
            lasting = bool(ours) and ours[-1].digest != theirs[-1].digest
            contradicts = contradicts or lasting
        if not contradicts:
            return start, None
        return start, Conflict(subject[0], describe(subject), ours[-1].content, theirs[-1].content, lasting)

    def _closed(self) -> set[str]:
        """The projects that this store archived and the other one deploys to."""
        archived = {project for project in self._touched if self._archived.get(project)}
        return {project for project in archived if not self._takes_new(("project", project))}

    def _takes_new(self, project: Subject) -> bool:
        line = [mark for _, mark, _ in self._theirs.get(project, [])]
        if not line:
            return False
        # Archived by the other store too, or a fact of it that this store has: then it was followed into that state.
        return line[-1].content == self._ours[project][-1].content or first_new(line, self._ours[project]) != len(line)


def _stands(conflict: Conflict, on_conflict: OnConflict) -> bool:
    return on_conflict is OnConflict.REFUSE or (on_conflict is OnConflict.THEIRS and conflict.lasting)
