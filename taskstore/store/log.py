"""The journal as people ask for it: its entries, newest first, and what each recorded."""

from __future__ import annotations

from datetime import datetime

import msgspec

from taskstore.index import Index
from taskstore.index.queries import LogQuery, list_entries
from taskstore.journal import JournalReader
from taskstore.journal.changes import Change, ProjectChange, SpecChange, TaskChange, TriggerChange
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskName


class LoggedChange(msgspec.Struct, frozen=True):
    """One fact in a few words: what kind of thing it is about, what happened to it, and which one it is.

    `revision` of versions and triggers, else None.
    """

    kind: str
    action: str
    subject: str
    revision: int | None = None


class LogEntry(msgspec.Struct, frozen=True):
    """A journal entry and what it recorded; with a task asked for, what it recorded about that."""

    sequence: int
    digest: Digest
    committed_at: datetime
    committed_by: str
    changes: tuple[LoggedChange, ...]


def read_log(index: Index, journal: JournalReader, query: LogQuery) -> tuple[LogEntry, ...]:
    """The entries that `query` asks for, newest first. Raises InvalidQueryError, JournalDamagedError."""
    rows = index.ask(lambda connection: list_entries(connection, query))
    return tuple(_read(journal, row.sequence, query.task) for row in rows)


def _read(journal: JournalReader, sequence: int, task: TaskName | None) -> LogEntry:
    entry, digest = journal.read(sequence)
    chosen = [change for change in entry.changes if task is None or _task(change) == task]
    return LogEntry(sequence, digest, entry.committed_at, entry.committed_by, tuple(map(_describe, chosen)))


def _task(change: Change) -> TaskName | None:
    if isinstance(change, TaskChange):
        return change.task_id.task
    return change.task if isinstance(change, TriggerChange) else None


def _describe(change: Change) -> LoggedChange:
    kind = str(change.__struct_config__.tag)
    match change:
        case TaskChange():
            return LoggedChange(kind, change.action.value, str(change.task_id), change.revision)
        case TriggerChange():
            subject = f"{change.task.at(change.task_version)} {change.trigger.name}"
            return LoggedChange(kind, change.action.value, subject, change.revision)
        case ProjectChange():
            return LoggedChange(kind, change.action.value, change.id)
        case SpecChange():
            return LoggedChange(kind, "PUT", str(change.digest))
        case _:
            return LoggedChange(kind, "TAKE", _name(change))


def _name(change: Change) -> str:
    """What a fact that is no revision is about: a watched file's path, a blob's name, an origin's store."""
    for field in ("path", "name", "store_id"):
        if hasattr(change, field):
            return str(getattr(change, field))
    return ""
