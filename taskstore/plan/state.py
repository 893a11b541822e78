"""The part of the registry that a plan looks at: the latest fact of each thing it touches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from taskstore.journal.changes import Change, ProjectChange, SpecChange, TaskChange, TriggerChange
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId, TaskName


class State:
    """The latest facts by what they are about; folding a change in means remembering it.

    A plan works on a copy, so that a refused transaction leaves no trace and the caller's state stays as it was.
    """

    def __init__(self) -> None:
        self.projects: dict[str, ProjectChange] = {}
        self.versions: dict[TaskId, TaskChange] = {}
        self.triggers: dict[TaskName, dict[str, TriggerChange]] = {}
        self.specs: set[Digest] = set()

    @classmethod
    def of(cls, changes: Iterable[Change]) -> Self:
        """The state after `changes`, in their order."""
        state = cls()
        for change in changes:
            state.apply(change)
        return state

    def apply(self, change: Change) -> None:
        """Fold one more fact in."""
        match change:
            case ProjectChange():
                self.projects[change.id] = change
            case TaskChange():
                self.versions[change.task_id] = change
            case TriggerChange():
                self.triggers.setdefault(change.task, {})[change.trigger.name] = change
            case SpecChange():
                self.specs.add(change.digest)

    def copy(self) -> State:
        """A state that can be changed without changing this one."""
        other = State()
        other.projects = dict(self.projects)
        other.versions = dict(self.versions)
        other.triggers = {task: dict(triggers) for task, triggers in self.triggers.items()}
        other.specs = set(self.specs)
        return other

    def triggers_of(self, task: TaskName) -> dict[str, TriggerChange]:
        """Every trigger of `task` by name, soft-deleted ones too."""
        return self.triggers.get(task, {})
