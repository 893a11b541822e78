"""Which tasks no manifest speaks of any more, and whether that may be believed. Pure.

Deleting on the strength of an absence is dangerous: a share that is not mounted looks like a folder whose files were
all removed. So a task counts as missing only after two whole scans of a folder that is healthy, holds something, and is
still the same folder; many at once are taken for an accident, and what goes while scans are made goes at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from taskstore_daemon.claims import FileId
from taskstore_specs.identity import TaskName

SCANS_TO_BELIEVE = 2


class Missing:
    """Follows which file speaks of which tasks. `budget` is how many tasks may go at once, None for any number."""

    def __init__(self, budget: int | None) -> None:
        self._budget = budget
        self._of_file: dict[FileId, frozenset[TaskName]] = {}
        self._speakers: Counter[TaskName] = Counter()
        self._missing: dict[TaskName, tuple[int, int]] = {}
        """Of each missing task, the inbox that lost it, and the scans since then that agreed."""
        self._pruned: set[TaskName] = set()

    def speaks(self, file: FileId, tasks: Iterable[TaskName]) -> None:
        """`file` speaks of these tasks, and of no others any more."""
        before, now = self._of_file.get(file, frozenset()), frozenset(tasks)
        self._of_file[file] = now
        for task in now - before:
            self._speakers[task] += 1
            self._missing.pop(task, None)
        self._lose(file.inbox, before - now)

    def gone(self, file: FileId) -> None:
        """`file` is not there any more."""
        self._lose(file.inbox, self._of_file.pop(file, frozenset()))

    def replaced(self, inbox: int) -> None:
        """The inbox is another folder than it was (mounted, unmounted, made anew): its absences tell nothing."""
        self._missing = {task: entry for task, entry in self._missing.items() if entry[0] != inbox}

    def scanned(self, inbox: int, *, healthy: bool, files: int) -> None:
        """A whole scan of the inbox found so many files; `healthy` when it could look at everything."""
        if not healthy or not files:
            return
        for task, (where, scans) in self._missing.items():
            if where == inbox:
                self._missing[task] = (where, scans + 1)

    def due(self) -> list[TaskName]:
        """The tasks that are missing for certain, whether or not they are within the budget.

        None of an inbox that goes on losing tasks: the budget is for all that it loses.
        """
        losing = {inbox for inbox, scans in self._missing.values() if scans < SCANS_TO_BELIEVE}
        return [task for task, (inbox, _) in self._missing.items() if inbox not in losing]

    def within_budget(self, tasks: list[TaskName]) -> bool:
        """Whether so many may go at once."""
        return self._budget is None or len(tasks) <= self._budget

    def settle(self, tasks: Iterable[TaskName]) -> None:
        """These missing tasks were dealt with."""
        for task in tasks:
            self._missing.pop(task, None)
            self._pruned.add(task)

    def is_pruned(self, file: FileId) -> bool:
        """Whether `file` speaks of a task that was pruned: then it is to be deployed, known or not."""
        return not self._pruned.isdisjoint(self._of_file.get(file, ()))

    def restored(self, file: FileId) -> None:
        """The tasks that `file` speaks of are deployed as it says."""
        self._pruned -= self._of_file.get(file, frozenset())

    def _lose(self, inbox: int, tasks: Iterable[TaskName]) -> None:
        for task in tasks:
            self._speakers[task] -= 1
            if not self._speakers[task]:
                del self._speakers[task]
                self._missing[task] = (inbox, 0)
