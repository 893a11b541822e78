"""Taking another store's facts in: from its facts and this store's state to facts of this store. Pure.

A fact keeps its time and its actor. Its revision goes on from this store's, and is the other store's own wherever that
is higher: so a store without facts of its own becomes a faithful copy, and revisions never go back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from taskstore.errors import InvalidInputError
from taskstore.journal.changes import (
    Change,
    OriginChange,
    ProjectChange,
    TaskAction,
    TaskChange,
    TriggerAction,
    TriggerChange,
)
from taskstore.plan.marks import Subject, subject_of
from taskstore.plan.state import State
from taskstore.plan.survey import BEFORE_ALL, Flags, TakePlan
from taskstore_specs.identity import TaskName

_SETS_ACTIVE = {TriggerAction.DEPLOY, TriggerAction.ACTIVATE, TriggerAction.DEACTIVATE, TriggerAction.DELETE}


class Incoming(msgspec.Struct, frozen=True):
    """An entry of another store, or what was chosen of it."""

    sequence: int
    committed_at: datetime
    committed_by: str
    changes: tuple[Change, ...]

    def dated(self) -> tuple[Change, ...]:
        """Its changes with the times at which they happened, and by whom, wherever the fact has such fields."""
        return tuple(map(self._date, self.changes))

    def _date(self, change: Change) -> Change:
        match change:
            case ProjectChange():
                return msgspec.structs.replace(change, at=change.at or self.committed_at)
            case TaskChange():
                by = change.deployed_by or self.committed_by
                return msgspec.structs.replace(change, at=change.at or self.committed_at, deployed_by=by)
            case TriggerChange():
                by = change.by or self.committed_by
                return msgspec.structs.replace(change, at=change.at or self.committed_at, by=by)
        return change


class Taker:
    """Turns the other store's entries into facts of this store, one entry after the other, as `plan` says."""

    def __init__(self, plan: TakePlan) -> None:
        self._plan = plan
        self._flags: dict[Subject, Flags] = dict(plan.flags)

    def copy(self) -> Taker:
        """One that can go on without this one noticing."""
        other = Taker(self._plan)
        other._flags = dict(self._flags)
        return other

    def take(self, entry: Incoming, state: State) -> list[Change]:
        """The new facts that `entry` comes to, in its order. `state` holds what this store last recorded of all that
        the entry is about, and is moved on.

        Raises InvalidInputError for a fact about a project that neither store declared.
        """
        new = {
            number: change
            for number, change in enumerate(entry.dated())
            if self._is_new((entry.sequence, number), change)
        }
        revisions = _Revisions()
        taken: dict[int, Change] = {}
        # A task's fact names its triggers' revisions, and theirs come after it in the entry: so they go first.
        for tasks in (False, True):
            for number, change in new.items():
                if isinstance(change, TaskChange) is tasks:
                    taken[number] = self._take(change, state, revisions)
                    state.apply(taken[number])
        return [taken[number] for number in sorted(taken)]

    def _is_new(self, place: tuple[int, int], change: Change) -> bool:
        subject = subject_of(change)
        if subject is None or (subject[0] in ("task", "trigger") and subject[1] in self._plan.closed):
            return False
        return place > self._plan.after.get(subject, BEFORE_ALL)

    def _take(self, change: Change, state: State, revisions: _Revisions) -> Change:
        match change:
            case TaskChange():
                _require_project(change.project, state)
                return _take_task(change, state, revisions)
            case TriggerChange():
                _require_project(change.project, state)
                current = state.triggers_of(change.task).get(change.trigger.name)
                ours = self._take_trigger(change, current)
                revisions.note(change, current, ours)
                return ours
        return change

    def _take_trigger(self, change: TriggerChange, current: TriggerChange | None) -> TriggerChange:
        if current is None:
            return change
        subject = subject_of(change)
        assert subject is not None  # noqa: S101 - a trigger has one
        here = Flags(current.trigger.spec.active, current.paused)
        # Of what was not here before the bundle, everything that is here came out of it.
        base = self._flags.get(subject) if subject in self._plan.after else here
        theirs = Flags(change.trigger.spec.active, change.paused)
        active = _merge_active(base, here, theirs, change.action)
        paused = subject in self._plan.held or _merge_paused(base, here, theirs, change.action)
        if subject in self._plan.after:
            self._flags[subject] = theirs
        spec = msgspec.structs.replace(change.trigger.spec, active=active)
        return msgspec.structs.replace(
            change,
            trigger=msgspec.structs.replace(change.trigger, spec=spec),
            paused=paused,
            revision=max(current.revision + 1, change.revision),
        )


def newer_origins(
    passed_on: Iterable[OriginChange], known: Mapping[tuple[str, str], int], own_id: str
) -> list[OriginChange]:
    """How far third stores are followed now that their facts came through another one: what that one said of them, if
    it is more than what is known here by store and scope."""
    newest: dict[tuple[str, str], OriginChange] = {}
    for origin in passed_on:
        key = (origin.store_id, origin.scope)
        last = newest[key].sequence if key in newest else known.get(key, 0)
        if origin.store_id != own_id and origin.sequence > last:
            newest[key] = origin
    return [newest[key] for key in sorted(newest)]


class _Revisions:
    """Which revision a trigger of the other store has here, within one entry."""

    def __init__(self) -> None:
        self._taken: dict[tuple[TaskName, str, int], int] = {}
        self._before: dict[tuple[TaskName, str], int | None] = {}

    def note(self, theirs: TriggerChange, before: TriggerChange | None, ours: TriggerChange) -> None:
        """`theirs` became `ours`, after `before`."""
        name = theirs.trigger.name
        self._taken[theirs.task, name, theirs.revision] = ours.revision
        self._before.setdefault((theirs.task, name), before.revision if before else None)

    def find(self, task: TaskName, name: str, revision: int, state: State) -> int | None:
        """Here, the other store's `revision` of a trigger, or else the one that was current before the entry."""
        taken = self._taken.get((task, name, revision))
        if taken is not None:
            return taken
        if (task, name) in self._before:
            return self._before[task, name]
        current = state.triggers_of(task).get(name)
        return current.revision if current else None


def _take_task(change: TaskChange, state: State, revisions: _Revisions) -> TaskChange:
    current = state.versions.get(change.task_id)
    if current is None:
        return msgspec.structs.replace(change, triggers=_own_revisions(change, state, revisions))
    deployed = change.action in (TaskAction.DEPLOY, TaskAction.ROLLBACK)
    return msgspec.structs.replace(
        change,
        revision=max(current.revision + 1, change.revision),
        triggers=_own_revisions(change, state, revisions) if deployed else current.triggers,
    )


def _own_revisions(change: TaskChange, state: State, revisions: _Revisions) -> dict[str, int]:
    """The set that a version was deployed with, by the revisions that its triggers have here."""
    task = change.task_id.task
    found = {name: revisions.find(task, name, revision, state) for name, revision in change.triggers.items()}
    return {name: revision for name, revision in found.items() if revision is not None}


def _merge_active(base: Flags | None, here: Flags, theirs: Flags, action: TriggerAction) -> bool:
    """What sets it in the other store sets it here; what merely carries it along leaves what was set here."""
    if action in _SETS_ACTIVE or base is None or base.active == here.active:
        return theirs.active
    return here.active


def _merge_paused(base: Flags | None, here: Flags, theirs: Flags, action: TriggerAction) -> bool:
    """A pause comes through; what was paused or resumed here since the other store's last word stays so."""
    if action is TriggerAction.PAUSE:
        return True
    if base is None:
        return here.paused or theirs.paused
    return theirs.paused if base.paused == here.paused else here.paused


def _require_project(project: str, state: State) -> None:
    if project not in state.projects:
        raise InvalidInputError(
            f"the bundle has facts about the project {project!r}, which neither it nor this store declares",
            hint=f"`taskstore project create {project}` declares it here",
        )
