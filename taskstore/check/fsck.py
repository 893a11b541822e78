"""fsck: everything that a store promises, looked at. Nothing is changed but the index, which is caught up as always."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator

from taskstore.check.blobs import check_blobs
from taskstore.check.chain import ChainCheck, Expectation
from taskstore.check.exposure import Guard, check_top
from taskstore.check.index import CURRENT, add_recorded, check_end, check_index
from taskstore.check.listing import last_number, list_blobs, list_entries
from taskstore.check.needs import add_needs
from taskstore.check.position import START, Phase, Position, read_position, write_position
from taskstore.check.problem import Commands, Problem
from taskstore.check.report import FsckReport, Tally
from taskstore.check.step import Step
from taskstore.errors import DamagedError, NotFoundError, StorageError
from taskstore.journal.entry import Entry, Head, genesis
from taskstore.store.store import Store

_COUNTED = {Phase.JOURNAL: "entries", Phase.BLOBS: "blobs", Phase.INDEX: "indexed"}

Watch = Callable[[Phase, float], None]
"""Told now and then which phase a check is in and what part of it is done, 0 to 1."""


class Fsck:
    """A check of one store.

    `quick` reads no blob and compares no row: presence and sizes only. `expected` is a head noted elsewhere.
    """

    def __init__(self, store: Store, *, quick: bool = False, expected: Expectation | None = None) -> None:
        self._store, self._quick, self._expected = store, quick, expected
        self._commands = Commands(store.root)
        self._guard = Guard.of(store.root.stat(), os.geteuid(), self._commands)
        self._empty = Head(0, genesis(store.config.store_id), None)
        self._last = last_number(store.root)

    def run(self, *, budget: float | None = None, watch: Watch = lambda phase, part: None) -> FsckReport:
        """Check everything; with a `budget` of seconds, from where the last such check stopped, until it is used up.

        A budget ends between two steps, so it is overrun by one of them. Raises BusyError, StorageError.
        """
        deadline = None if budget is None else time.monotonic() + budget
        position = START if deadline is None or self._expected is not None else read_position(self._store.root)
        tally = Tally()
        for problem in check_top(self._store.root, self._guard):
            tally.add_problem(problem)
        is_complete = self._advance(position, tally, deadline, watch)
        return FsckReport(tally.checked, self.explain(tally.problems), tally.unlisted, is_complete)

    def examine(self, *phases: Phase) -> Iterator[Problem]:
        """Every problem that these phases come upon, not yet explained; one blob may be told of more than once."""
        for phase in phases:
            for step in self._steps(phase, ""):
                yield from step.problems

    def explain(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """The problems, with what needs the damaged blobs and what the index knows of the damaged entries."""
        needed = add_needs(problems, self._readable_entries, self._commands)
        return add_recorded(needed, self._store.index)

    def head_at(self, number: int) -> Head | None:
        """Entry `number` as the head that the next one follows; None if it cannot be read."""
        if number == 0:
            return self._empty
        try:
            entry, digest = self._store.journal.read(number)
        except (DamagedError, NotFoundError, StorageError):
            return None
        return Head(number, digest, entry.committed_at)

    def _advance(self, position: Position, tally: Tally, deadline: float | None, watch: Watch) -> bool:
        """Go on from `position`; whether the end was reached. With a deadline the place is recorded."""
        phases = list(Phase)
        for phase in phases[phases.index(position.phase) :]:
            for step in self._steps(phase, position.after if phase is position.phase else ""):
                tally.add(step, _COUNTED[phase])
                watch(phase, self._part(phase, step.mark))
                if deadline is not None and time.monotonic() > deadline:
                    write_position(self._store.root, Position(phase, step.mark))
                    return False
        if deadline is not None:
            write_position(self._store.root, START)
        return True

    def _steps(self, phase: Phase, after: str) -> Iterator[Step]:
        store = self._store
        match phase:
            case Phase.JOURNAL:
                yield from check_end(store.index, store.journal, self._commands)
                number = int(after or 0)
                chain = ChainCheck(store.journal.read, store.blobs, self._guard, self._expected)
                yield from chain.steps(list_entries(store.root, number), number, self.head_at(number))
            case Phase.BLOBS:
                yield from check_blobs(list_blobs(store.root, after), store.blobs, self._guard, quick=self._quick)
            case Phase.INDEX if not self._quick and after != CURRENT:
                yield from check_index(store.index, store.journal, self._commands, self.head_at(int(after or 0)))
            case _:
                return

    def _part(self, phase: Phase, mark: str) -> float:
        if mark == CURRENT:
            return 1.0
        if phase is Phase.BLOBS:
            return int(mark[:4] or "0", 16) / 0x10000  # digests are spread evenly
        return int(mark) / max(self._last, 1)

    def _readable_entries(self) -> Iterator[Entry]:
        for found in list_entries(self._store.root):
            if found.name is not None:
                try:
                    yield self._store.journal.read(found.name)[0]
                except (DamagedError, NotFoundError, StorageError):
                    continue
