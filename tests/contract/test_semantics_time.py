"""`specs/semantics.md`, "Projects, versions, time": a test for each rule, on a real store."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from taskstore import Outcome, TaskQuery, TriggerAction, TriggerQuery
from taskstore.errors import ConflictError, InvalidQueryError, ProjectArchivedError, TaskNotFoundError
from taskstore.store.preview import TriggerPlan
from taskstore.store.source import Source
from taskstore_specs import Format, TaskName


def versions_listed(registry: Any, **query: Any) -> list[str]:
    return [row.version for row in registry.store.list_tasks(TaskQuery(**query)).tasks]


def test_p1_an_archived_project_takes_no_deploys_and_still_lists(registry: Any) -> None:
    registry.deploy()
    registry.store.archive_project("p")
    assert isinstance(registry.deploy("v2").error, ProjectArchivedError)
    assert versions_listed(registry) == ["v1"]
    assert [row.state.value for row in registry.store.list_projects()] == ["archived"]
    registry.store.restore_project("p")
    assert registry.deploy("v2").outcome is Outcome.CREATED


def test_p2_a_version_is_deleted_softly_and_comes_back(registry: Any, task: TaskName, trigger: Any) -> None:
    registry.deploy()
    registry.deploy("v2")
    registry.store.delete_version(task.at("v2"))
    assert versions_listed(registry) == ["v1"]
    assert registry.store.show_task(task).task.version == "v1"
    assert registry.store.show_task(task, "v2").task.deleted_at is not None
    registry.store.undelete_version(task.at("v2"))
    assert versions_listed(registry) == ["v2"]
    registry.store.delete_version(task.at("v2"))
    assert registry.deploy("v2").outcome is Outcome.UPDATED
    assert versions_listed(registry) == ["v2"]


def test_p2_a_version_that_triggers_start_is_not_deleted(registry: Any, task: TaskName, trigger: Any) -> None:
    registry.deploy(triggers=[trigger("t")])
    with pytest.raises(ConflictError):
        registry.store.delete_version(task.at("v1"))
    registry.store.operate_triggers(TriggerAction.DELETE, task, ["t"])
    registry.store.delete_version(task.at("v1"))
    assert versions_listed(registry) == []


def test_p3_a_rollback_deploys_the_version_and_its_triggers_again(registry: Any, task: TaskName, trigger: Any) -> None:
    registry.deploy("v1", triggers=[trigger("a", cron="@daily"), trigger("b")])
    registry.deploy("v2", triggers=[trigger("a", cron="@hourly"), trigger("c")])
    result = registry.store.rollback(task.at("v1"))
    assert (result.outcome, result.revision) == (Outcome.UPDATED, 2)
    query = TriggerQuery(task_name=task.name, task_version="v1")
    listed = {row.name: row.schedule for row in registry.store.list_triggers(query).triggers}
    assert listed == {"a": "@daily", "b": "0 2 * * *"}
    assert registry.store.show_trigger(task, "c").deleted_at is not None
    assert registry.store.history(task, "v1")[0].action.value == "ROLLBACK"
    assert registry.store.rollback(task.at("v1")).outcome is Outcome.UNCHANGED
    with pytest.raises(TaskNotFoundError):
        registry.store.rollback(task.at("v9"))


def test_p4_the_registry_as_it_stood(registry: Any, task: TaskName, trigger: Any) -> None:
    first = registry.deploy("v1", triggers=[trigger("t")])
    moment = registry.clock.now
    registry.deploy("v2", image="other")
    registry.store.archive_project("p")
    for then in (first.sequence, moment, moment + timedelta(milliseconds=500)):
        assert versions_listed(registry, as_of=then) == ["v1"]
        shown = registry.store.show_task(task, as_of=then)
        assert (shown.task.version, shown.task.active_triggers) == ("v1", 1)
        assert [row.state.value for row in registry.store.list_projects(as_of=then)] == ["active"]
        assert len(registry.store.list_triggers(TriggerQuery(as_of=then)).triggers) == 1
    assert versions_listed(registry) == ["v2"]
    with pytest.raises(InvalidQueryError):
        registry.store.list_tasks(TaskQuery(as_of=10_000))


def test_p4_pauses_are_part_of_what_stood(registry: Any, task: TaskName, trigger: Any) -> None:
    deployed = registry.deploy(triggers=[trigger("t")])
    paused = registry.store.operate_triggers(TriggerAction.PAUSE, task, ["t"])
    registry.store.operate_triggers(TriggerAction.RESUME, task, ["t"])
    states = [
        registry.store.show_trigger(task, "t", as_of=sequence).paused
        for sequence in (deployed.sequence, paused.sequence, None)
    ]
    assert states == [False, True, False]


def test_p5_every_content_can_be_read_by_revision(registry: Any, task: TaskName) -> None:
    for image in ("a", "b", "c"):
        registry.deploy(image=image)
    for revision, image in enumerate(("a", "b", "c"), start=1):
        spec = json.loads(registry.store.show_task(task, "v1", revision=revision).spec)
        assert spec["taskTemplate"]["container"]["image"] == image
    with pytest.raises(TaskNotFoundError):
        registry.store.show_task(task, "v1", revision=4)


class TestPreview:
    def preview(self, registry: Any, *documents: Any) -> Any:
        data = json.dumps(list(documents)).encode()
        return registry.store.preview([Source("m.json", data, Format.JSON)])

    def test_a_preview_shows_fields_and_triggers_and_writes_nothing(
        self, registry: Any, task: TaskName, trigger: Any
    ) -> None:
        registry.deploy(triggers=[trigger("a"), trigger("b")])
        head = registry.store.journal.head()
        wanted = registry.document(image="other", triggers=[trigger("a", cron="@daily"), trigger("c")])
        [shown] = self.preview(registry, wanted)
        assert registry.store.journal.head() == head
        assert shown.result.outcome is Outcome.UPDATED
        assert [change.path for change in shown.differences.changes] == ["taskTemplate.container.image"]
        assert {row.name: row.plan for row in shown.triggers} == {
            "a": TriggerPlan.CHANGED,
            "b": TriggerPlan.PRUNED,
            "c": TriggerPlan.ADDED,
        }
        changed = shown.triggers[0]
        assert changed.fires_before != changed.fires_after
        assert len(changed.fires_after) == 3

    def test_a_version_stamp_alone_is_told_apart(self, registry: Any, task: TaskName, trigger: Any) -> None:
        registry.deploy("v1", triggers=[trigger("t")])
        [shown] = self.preview(registry, registry.document("v2", triggers=[trigger("t")]))
        assert shown.only_version_changed
        assert shown.compared_to == task.at("v1")
        assert [row.plan for row in shown.triggers] == [TriggerPlan.MOVED]

    def test_each_document_sees_what_those_before_it_would_do(self, registry: Any) -> None:
        first, second = self.preview(registry, registry.document(image="a"), registry.document("v2", image="b"))
        assert (first.result.outcome, second.result.outcome) == (Outcome.CREATED, Outcome.CREATED)
        assert first.compared_to is None

    def test_what_would_be_refused_is_told(self, registry: Any) -> None:
        [shown] = self.preview(registry, registry.document(project="unknown"))
        assert shown.result.outcome is Outcome.REJECTED


def test_two_versions_are_compared_field_by_field(registry: Any, task: TaskName) -> None:
    registry.deploy("v1", image="a")
    registry.deploy("v2", image="b")
    found = registry.store.compare(task.at("v1"), task.at("v2")).differences
    assert [change.path for change in found.changes] == [
        "taskTemplate.container.args[1]",
        "taskTemplate.container.image",
    ]


def test_upcoming_fires_of_what_is_active_and_not_paused(registry: Any, task: TaskName, trigger: Any) -> None:
    registry.deploy(triggers=[trigger("a", cron="0 * * * *"), trigger("b", active=False), trigger("c")])
    registry.store.operate_triggers(TriggerAction.PAUSE, task, ["c"])
    fires = registry.store.upcoming(limit=3)
    assert [fire.trigger for fire in fires] == ["a", "a", "a"]
    assert fires[0].at > registry.clock.now - timedelta(seconds=1)
    with pytest.raises(InvalidQueryError):
        registry.store.upcoming(limit=0)
