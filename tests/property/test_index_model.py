"""The index after any sequence of changes equals a plain model of them, however it was brought there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import duckdb
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskstore.index import apply, current, projection, ranges, rebuild
from taskstore.index.queries import (
    TaskQuery,
    TriggerQuery,
    VersionQuery,
    list_tasks,
    list_triggers,
    list_versions,
    task_history,
    trigger_history,
)
from taskstore.journal.changes import Change, TaskAction, TaskChange, TaskMetadata, TriggerAction, TriggerChange
from taskstore.journal.entry import Entry, encode
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId, TaskName
from taskstore_specs.models import Trigger, TriggerSpec

START = datetime(2026, 1, 1, tzinfo=UTC)
Entries = list[tuple[Entry, Digest]]

names = st.builds(TaskName, st.sampled_from("pq"), st.just("d"), st.sampled_from("abc"))
versions = st.sampled_from(("v1", "v2", "v3"))
digests = st.sampled_from([Digest.of(bytes([n])) for n in range(3)])
moments = st.none() | st.integers(-5, 5).map(lambda seconds: START + timedelta(seconds=seconds))
texts = st.sampled_from(("", "a%b", "ü"))
task_changes = st.builds(
    lambda name, **given: TaskChange(**msgspec.structs.asdict(name), **given),
    names,
    action=st.sampled_from(TaskAction),
    version=versions,
    revision=st.integers(1, 9),
    digest=digests,
    fingerprint=digests,
    metadata=st.builds(TaskMetadata, function_name=texts, environment=texts, short_description=texts),
    deployed_by=texts,
    triggers=st.dictionaries(st.sampled_from("xy"), st.integers(1, 9)),
    deleted=st.booleans(),
    at=moments,
)


@st.composite
def journals(draw: st.DrawFn) -> Entries:
    """Entries of a journal: any changes of versions, and of triggers that start a version which is there."""
    entries: Entries = []
    known: list[TaskId] = []
    previous = Digest.of(b"store")
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=8))
    for sequence, size in enumerate(sizes, start=1):
        changes: list[Change] = []
        for _ in range(size):
            if known and draw(st.booleans()):
                changes.append(draw(_trigger_change(draw(st.sampled_from(known)))))
            else:
                changes.append(draw(task_changes))
                known.append(changes[-1].task_id)
        entry = Entry(sequence, previous, START + timedelta(seconds=sequence // 2), "me", tuple(changes))
        previous = Digest.of(encode(entry))
        entries.append((entry, previous))
    return entries


def _trigger_change(version: TaskId) -> st.SearchStrategy[TriggerChange]:
    return st.builds(
        TriggerChange,
        action=st.sampled_from(TriggerAction),
        project=st.just(version.project),
        domain=st.just(version.domain),
        task_name=st.just(version.name),
        task_version=st.just(version.version),
        revision=st.integers(1, 9),
        trigger=st.builds(Trigger, st.sampled_from("xy"), st.builds(TriggerSpec, active=st.booleans())),
        paused=st.booleans(),
        deleted=st.booleans(),
        by=texts,
        at=moments,
    )


class Model:
    """What the changes come to, in dictionaries."""

    def __init__(self, entries: Entries) -> None:
        self.versions: dict[TaskId, dict[str, Any]] = {}
        self.triggers: dict[tuple[TaskName, str], dict[str, Any]] = {}
        self.history: list[tuple[int, Change]] = []
        for entry, _ in entries:
            for position, change in enumerate(entry.changes):
                at = change.at or entry.committed_at
                self.history.append((entry.sequence, change))
                if isinstance(change, TaskChange):
                    self._fold_version(change, (entry.sequence, position), at)
                elif isinstance(change, TriggerChange):
                    self._fold_trigger(change, at)

    def _fold_version(self, change: TaskChange, place: tuple[int, int], at: datetime) -> None:
        before = self.versions.get(change.task_id, {"created": (at, *place)})
        self.versions[change.task_id] = {"change": change, "created": before["created"], "updated_at": at}

    def _fold_trigger(self, change: TriggerChange, at: datetime) -> None:
        key = (change.task, change.trigger.name)
        activity = (change.trigger.spec.active, change.paused, change.deleted)
        before = self.triggers.get(key, {"activity": None, "deployed_at": None})
        deployed = change.action is TriggerAction.DEPLOY
        self.triggers[key] = {
            "change": change,
            "activity": activity,
            "updated_at": at if before["activity"] != activity else before["updated_at"],
            "deployed_at": at if deployed else before["deployed_at"],
        }

    def live_triggers(self, version: TaskId) -> list[TriggerChange]:
        """The triggers that start a version."""
        changes = [state["change"] for state in self.triggers.values() if not state["change"].deleted]
        return [change for change in changes if change.task.at(change.task_version) == version]

    def listed(self, versions: Sequence[TaskId]) -> list[tuple[Any, ...]]:
        """What a list shows of versions, newest first."""
        rows = []
        for version in sorted(versions, key=lambda v: self.versions[v]["created"], reverse=True):
            state = self.versions[version]
            live = self.live_triggers(version)
            firing = [change for change in live if change.trigger.spec.active and not change.paused]
            only = live[0].trigger.name if len(live) == 1 else ""
            times = (state["created"][0], state["updated_at"])
            rows.append((version, state["change"].digest, *times, only, len(live), len(firing)))
        return rows

    def newest(self) -> list[TaskId]:
        """The newest version of each task."""
        found: dict[TaskName, TaskId] = {}
        for version in sorted(self.live(), key=lambda v: self.versions[v]["created"]):
            found[version.task] = version
        return list(found.values())

    def live(self) -> list[TaskId]:
        """The versions that are not deleted."""
        return [version for version, state in self.versions.items() if not state["change"].deleted]

    def listed_triggers(self) -> set[tuple[Any, ...]]:
        """What a list shows of the triggers."""
        return {
            (task, name, state["change"].revision, state["updated_at"], *state["activity"][:2])
            for (task, name), state in self.triggers.items()
            if not state["change"].deleted
        }


def applied(entries: Entries, sizes: Sequence[int]) -> duckdb.DuckDBPyConnection:
    """An index that took the entries in by batches of these sizes, the last again and again."""
    connection = duckdb.connect()
    apply.create(connection)
    start, number = 0, 0
    while start < len(entries):
        size = sizes[min(number, len(sizes) - 1)]
        apply.apply(connection, entries[start : start + size])
        start, number = start + size, number + 1
    return connection


def loaded(entries: Entries, rows: int = ranges.ROWS) -> duckdb.DuckDBPyConnection:
    """An index that was made anew, in ranges of so many rows."""
    connection = duckdb.connect()
    apply.create(connection)
    with patch.object(ranges, "ROWS", rows):
        rebuild.load(connection, [entries])
    return connection


def listed(connection: duckdb.DuckDBPyConnection, query: TaskQuery) -> list[tuple[Any, ...]]:
    rows = list_tasks(connection, msgspec.structs.replace(query, limit=None)).tasks
    return [
        (
            TaskId(row.project, row.domain, row.name, row.version),
            row.digest,
            row.created_at,
            row.updated_at,
            row.trigger_name,
            row.total_triggers,
            row.active_triggers,
        )
        for row in rows
    ]


def listed_triggers(connection: duckdb.DuckDBPyConnection, as_of: int | None = None) -> set[tuple[Any, ...]]:
    return {
        (TaskName(r.project, r.domain, r.task_name), r.name, r.revision, r.updated_at, r.active, r.paused)
        for r in list_triggers(connection, TriggerQuery(as_of=as_of)).triggers
    }


@settings(max_examples=20, deadline=None)
@given(journals(), st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_lists_equal_the_model(entries: Entries, sizes: list[int]) -> None:
    model = Model(entries)
    with closing(applied(entries, sizes)) as connection:
        assert listed(connection, TaskQuery()) == model.listed(model.newest())
        assert listed(connection, TaskQuery(all_versions=True)) == model.listed(model.live())
        assert listed_triggers(connection) == model.listed_triggers()
        for task in {version.task for version in model.versions}:
            wanted = model.listed([version for version in model.live() if version.task == task])
            rows = list_versions(connection, VersionQuery(task, limit=None)).versions
            assert [task.at(row.version) for row in rows] == [row[0] for row in wanted]


@settings(max_examples=20, deadline=None)
@given(journals(), st.lists(st.integers(1, 4), min_size=1, max_size=3), st.sampled_from((1, 3, ranges.ROWS)))
def test_applied_in_any_batches_or_made_anew_is_the_same(entries: Entries, sizes: list[int], rows: int) -> None:
    with closing(applied(entries, sizes)) as one, closing(loaded(entries, rows)) as other:
        for [table] in one.execute("SELECT table_name FROM information_schema.tables").fetchall():
            question = f'FROM "{table}" ORDER BY ALL'
            if table != "meta":
                assert one.execute(question).fetchall() == other.execute(question).fetchall(), table


def test_rows_are_sorted_anew_once_many_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply, "UNSORTED_ROWS", 10)
    changes = [
        TaskChange(
            action=TaskAction.DEPLOY,
            project="p",
            domain="d",
            name=f"task{number * 7 % 30:02}",
            version="v",
            revision=1,
            digest=Digest.of(b""),
            fingerprint=Digest.of(b""),
        )
        for number in range(30)
    ]
    entries = [
        (Entry(n, Digest.of(b""), START, "me", (change,)), Digest.of(bytes([n]))) for n, change in enumerate(changes, 1)
    ]
    with closing(applied(entries, [1])) as one, closing(loaded(entries)) as other:
        [[unsorted]] = one.execute("SELECT unsorted FROM meta").fetchall()
        names = [name for [name] in one.execute("SELECT name FROM task_versions").fetchall()][: 30 - unsorted]
        assert unsorted < 20
        assert names == sorted(names)
        question = "FROM task_versions ORDER BY ALL"
        assert one.execute(question).fetchall() == other.execute(question).fetchall()


@settings(max_examples=10, deadline=None)
@given(journals())
def test_the_newest_versions_equal_those_found_among_all(entries: Entries) -> None:
    with closing(applied(entries, [1])) as connection:
        kept = connection.execute("FROM tasks ORDER BY ALL").fetchall()
        assert kept == connection.execute(f"({projection.newest('task_versions')}) ORDER BY ALL").fetchall()


@settings(max_examples=8, deadline=None)
@given(journals())
def test_as_of_an_entry_is_what_the_model_was_then(entries: Entries) -> None:
    with closing(loaded(entries)) as connection:
        for sequence in range(len(entries) + 1):
            model = Model(entries[:sequence])
            assert listed(connection, TaskQuery(as_of=sequence)) == model.listed(model.newest())
            every = TaskQuery(as_of=sequence, all_versions=True)
            assert listed(connection, every) == model.listed(model.live())
            assert listed_triggers(connection, sequence) == model.listed_triggers()


@settings(max_examples=10, deadline=None)
@given(journals())
def test_the_state_for_a_plan_is_the_last_change_of_each(entries: Entries) -> None:
    model = Model(entries)
    tasks = {version.task for version in model.versions}
    wanted = {msgspec.structs.replace(state["change"], at=None) for state in model.triggers.values()}
    with closing(applied(entries, [2])) as connection:
        changes = current(connection, set(), set(model.versions), tasks)
    found = {change.task_id: change for change in changes if isinstance(change, TaskChange)}
    assert found == {v: msgspec.structs.replace(s["change"], at=None) for v, s in model.versions.items()}
    assert sorted(map(repr, (c for c in changes if isinstance(c, TriggerChange)))) == sorted(map(repr, wanted))


@settings(max_examples=8, deadline=None)
@given(journals())
def test_histories_hold_every_change_newest_first(entries: Entries) -> None:
    model = Model(entries)
    with closing(applied(entries, [3])) as connection:
        for task in {version.task for version in model.versions}:
            changes = [(s, c) for s, c in model.history if isinstance(c, TaskChange) and c.task_id.task == task]
            rows = task_history(connection, task)
            assert [(r.sequence, r.version, r.revision, r.digest) for r in rows] == [
                (s, c.version, c.revision, c.digest) for s, c in reversed(changes)
            ]
        for task, name in model.triggers:
            revisions = [
                c for _, c in model.history if isinstance(c, TriggerChange) and (c.task, c.trigger.name) == (task, name)
            ]
            rows = trigger_history(connection, task, name)
            assert [(r.action, r.revision, r.definition, r.deleted) for r in rows] == [
                (c.action, c.revision, c.trigger, c.deleted) for c in reversed(revisions)
            ]
