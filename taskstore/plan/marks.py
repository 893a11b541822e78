"""What a fact is about, and what makes it the same fact in another store. Pure.

A fact that travels keeps its time, its action and what it says, and gets a revision of its own wherever it arrives: so
those three tell whether a store has it already.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, TypeAlias

import msgspec

from taskstore.journal.changes import BlobChange, Change, ProjectChange, SpecChange, TaskChange, TriggerChange
from taskstore_specs import encode_canonical
from taskstore_specs.digest import Digest
from taskstore_specs.models import Trigger

Subject: TypeAlias = tuple[str, ...]
"""What a fact is about: its kind and its names."""

_DIGITS = 16


def subject_of(change: Change) -> Subject | None:
    """What `change` is about; None for what means something in its own store only."""
    match change:
        case TaskChange():
            return ("task", change.project, change.domain, change.name, change.version)
        case TriggerChange():
            return ("trigger", change.project, change.domain, change.task_name, change.trigger.name)
        case ProjectChange():
            return ("project", change.id)
        case BlobChange():
            return ("blob", change.name)
        case SpecChange():
            return ("spec", str(change.digest))
    return None


def describe(subject: Subject) -> str:
    """A subject for people: `project/domain/name@version`, `project/domain/name NAME` of a trigger, else its name."""
    if subject[0] == "task":
        return f"{'/'.join(subject[1:4])}@{subject[4]}"
    if subject[0] == "trigger":
        return f"{'/'.join(subject[1:4])} {subject[4]}"
    return subject[1]


class Mark(NamedTuple):
    """As much of a fact as comparing takes. `content` is what two stores can contradict each other about, for people
    to read; `digest` is that of a task's specification. An operator's hold and whether a trigger is active are in
    neither: they can differ from store to store.
    """

    at: datetime | None
    action: str
    content: str
    digest: str = ""


def mark_of(change: Change) -> Mark:
    """The mark of a fact that has a subject."""
    match change:
        case TaskChange():
            digest = str(change.digest)
            return Mark(change.at, change.action.value, digest + _deleted(change), digest)
        case TriggerChange():
            content = f"{change.task_version}, definition {_definition(change.trigger)}{_deleted(change)}"
            return Mark(change.at, change.action.value, content)
        case ProjectChange():
            archived = ", archived" if change.archived else ""
            return Mark(change.at, change.action.value, f"{change.name!r}, {change.description!r}{archived}")
        case BlobChange():
            return Mark(None, "", str(change.digest))
        case SpecChange():
            return Mark(None, "", "")
    raise ValueError(f"a {type(change).__name__} has no mark")


def _deleted(change: TaskChange | TriggerChange) -> str:
    return ", deleted" if change.deleted else ""


def _definition(trigger: Trigger) -> str:
    inactive = msgspec.structs.replace(trigger, spec=msgspec.structs.replace(trigger.spec, active=False))
    return Digest.of(encode_canonical(inactive)).hex[:_DIGITS]
