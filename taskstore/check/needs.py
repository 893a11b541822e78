"""Who needs a blob: the versions that point at it and the triggers that start them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Set

import msgspec

from taskstore.check.problem import ENTRY_KINDS, Commands, Problem
from taskstore.journal.changes import BlobChange, SpecChange, TaskChange, TriggerChange
from taskstore.journal.entry import Entry
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId, TaskName

AFFECTED = 100
"""How many versions and triggers are named of one object."""

Entries = Callable[[], Iterable[Entry]]
"""All the entries that can be read, from the first; asked for twice."""


def add_needs(problems: Iterable[Problem], entries: Entries, commands: Commands) -> tuple[Problem, ...]:
    """The problems, those of blobs with what needs them; a damaged blob that nothing needs can be removed."""
    listed = tuple(problems)
    needs = find_needs(entries, {problem.digest for problem in listed if problem.digest is not None})
    is_readable = not any(problem.kind in ENTRY_KINDS for problem in listed)
    return tuple(
        _with_needs(problem, needs.get(problem.digest, ()), commands, is_readable) if problem.digest else problem
        for problem in listed
    )


def _with_needs(problem: Problem, needs: tuple[str, ...], commands: Commands, is_readable: bool) -> Problem:
    unneeded = not needs and is_readable
    return msgspec.structs.replace(problem, affects=needs, repair=commands.collect if unneeded else problem.repair)


def find_needs(entries: Entries, digests: Set[Digest]) -> dict[Digest, tuple[str, ...]]:
    """For each of `digests` what needs it, as `Problem.affects` names it, at most AFFECTED of each."""
    if not digests:
        return {}
    pointing, stored = _pointing(entries(), digests)
    current, triggers = _state(entries(), {task for tasks in pointing.values() for task, _ in tasks})
    return {
        digest: tuple(
            [
                *stored[digest],
                *(line for task, revision in pointing[digest] for line in _lines(task, revision, current, triggers)),
            ][:AFFECTED]
        )
        for digest in digests
    }


Pointing = defaultdict[Digest, list[tuple[TaskId, int]]]


def _pointing(entries: Iterable[Entry], digests: Set[Digest]) -> tuple[Pointing, defaultdict[Digest, list[str]]]:
    """By digest the versions and revisions that point at it, and what else names it."""
    pointing: Pointing = defaultdict(list)
    stored: defaultdict[Digest, list[str]] = defaultdict(list)
    for change in (change for entry in entries for change in entry.changes):
        match change:
            case TaskChange() if change.digest in digests and len(pointing[change.digest]) < AFFECTED:
                pointing[change.digest].append((change.task_id, change.revision))
            case SpecChange() if change.digest in digests and not stored[change.digest]:
                stored[change.digest].append(f"spec {change.digest}")
            case BlobChange() if change.digest in digests and len(stored[change.digest]) < AFFECTED:
                stored[change.digest].append(f"taskstore://{change.name}")
            case _:
                pass
    return pointing, stored


def _state(
    entries: Iterable[Entry], tasks: Set[TaskId]
) -> tuple[dict[TaskId, int], dict[tuple[TaskName, str], TriggerChange]]:
    """The current revision of each of `tasks`, and the triggers of the same task names."""
    names = {task.task for task in tasks}
    current: dict[TaskId, int] = {}
    triggers: dict[tuple[TaskName, str], TriggerChange] = {}
    for change in (change for entry in entries for change in entry.changes):
        if isinstance(change, TaskChange) and change.task_id in tasks:
            current[change.task_id] = change.revision
        elif isinstance(change, TriggerChange) and change.task in names:
            triggers[change.task, change.trigger.name] = change
    return current, triggers


def _lines(
    task: TaskId, revision: int, current: dict[TaskId, int], triggers: dict[tuple[TaskName, str], TriggerChange]
) -> list[str]:
    if current.get(task) != revision:
        return [f"{task} revision {revision}"]
    started = [
        f"{task} trigger {name}"
        for (of, name), change in triggers.items()
        if of == task.task and change.task_version == task.version and not change.deleted
    ]
    return [str(task), *started]
