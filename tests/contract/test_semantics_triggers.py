"""`specs/semantics.md`, "Triggers at deploy" and "The trigger service": a test for each rule, on a real store."""

from __future__ import annotations

from typing import Any

import pytest

from taskstore import Outcome, TriggerQuery
from taskstore.errors import RevisionConflictError, TriggerNotFoundError
from taskstore.journal.changes import TriggerAction
from taskstore_specs import TaskName
from taskstore_specs.models import Trigger, TriggerSpec


def names(registry: Any, task: TaskName) -> list[str]:
    query = TriggerQuery(project=task.project, domain=task.domain, task_name=task.name)
    return [row.name for row in registry.store.list_triggers(query).triggers]


def summary(registry: Any, task: TaskName, version: str) -> tuple[int, int, str]:
    shown = registry.store.show_task(task, version).task
    return shown.total_triggers, shown.active_triggers, shown.trigger_name


def test_t1_the_set_replaces_the_earlier_one_the_empty_set_included(
    registry: Any, task: TaskName, trigger: Any
) -> None:
    registry.deploy(triggers=[trigger("a"), trigger("b")])
    registry.deploy(triggers=[trigger("b")])
    assert names(registry, task) == ["b"]
    assert registry.deploy(triggers=[]).outcome is Outcome.UPDATED
    assert names(registry, task) == [], "Flyte would keep the last one"


def test_t2_a_pruned_trigger_is_soft_deleted(registry: Any, task: TaskName, trigger: Any) -> None:
    registry.deploy(triggers=[trigger("t")])
    registry.deploy()
    gone = registry.store.show_trigger(task, "t")
    assert gone.deleted_at is not None
    assert (gone.active, gone.revision) == (False, 2)
    assert [revision.action.value for revision in registry.store.trigger_history(task, "t")] == ["DELETE", "DEPLOY"]


def test_t3_a_new_revision_only_when_content_or_task_version_changed(
    registry: Any, task: TaskName, trigger: Any
) -> None:
    registry.deploy(triggers=[trigger("t")])
    registry.deploy(triggers=[trigger("t")], image="other")
    assert registry.store.show_trigger(task, "t").revision == 1, "Flyte would count up on every deploy"
    registry.deploy(triggers=[trigger("t", cron="@daily")])
    assert registry.store.show_trigger(task, "t").revision == 2
    registry.deploy("v2", triggers=[trigger("t", cron="@daily")])
    assert registry.store.show_trigger(task, "t").revision == 3


def test_t4_a_deleted_trigger_that_is_deployed_again_comes_back(registry: Any, task: TaskName, trigger: Any) -> None:
    for triggers in ([trigger("t")], [], [trigger("t")]):
        registry.deploy(triggers=triggers)
    back = registry.store.show_trigger(task, "t")
    assert (back.deleted_at, back.active, back.revision) == (None, True, 3)


def test_t5_a_deploy_moves_the_triggers_to_its_version(registry: Any, task: TaskName, trigger: Any) -> None:
    registry.deploy(triggers=[trigger("t")])
    registry.deploy("v2", triggers=[trigger("t")])
    assert registry.store.show_trigger(task, "t").task_version == "v2"


def test_t6_deployed_at_moves_with_deploys_and_updated_at_with_activity(
    registry: Any, task: TaskName, trigger: Any
) -> None:
    registry.deploy(triggers=[trigger("t")])
    first = registry.store.show_trigger(task, "t")
    registry.deploy(triggers=[trigger("t")])
    assert registry.store.show_trigger(task, "t") == first, "Flyte would move deployed_at"
    registry.deploy(triggers=[trigger("t", cron="@daily")])
    second = registry.store.show_trigger(task, "t")
    assert second.deployed_at > first.deployed_at
    assert second.updated_at == first.updated_at
    registry.store.operate_triggers(TriggerAction.PAUSE, task, ["t"])
    third = registry.store.show_trigger(task, "t")
    assert third.deployed_at == second.deployed_at
    assert third.updated_at > second.updated_at


def test_t7_the_summary_is_right_for_every_version_touched(registry: Any, task: TaskName, trigger: Any) -> None:
    registry.deploy(triggers=[trigger("a"), trigger("b", active=False)])
    assert summary(registry, task, "v1") == (2, 1, "")
    registry.deploy("v2", triggers=[trigger("a")])
    assert summary(registry, task, "v2") == (1, 1, "a")
    assert summary(registry, task, "v1") == (0, 0, ""), "Flyte would leave the counts of v1 as they were"


def test_t8_a_deploy_lifts_a_deactivation_but_not_a_pause(registry: Any, task: TaskName, trigger: Any) -> None:
    registry.deploy(triggers=[trigger("t")])
    for action in (TriggerAction.DEACTIVATE, TriggerAction.PAUSE):
        registry.store.operate_triggers(action, task, ["t"])
    registry.deploy(triggers=[trigger("t")])
    shown = registry.store.show_trigger(task, "t")
    assert (shown.active, shown.paused) == (True, True)
    assert summary(registry, task, "v1") == (1, 0, "t"), "active and paused does not count as active"
    registry.store.operate_triggers(TriggerAction.RESUME, task, ["t"])
    assert summary(registry, task, "v1") == (1, 1, "t")


def test_t9_an_absent_active_is_false(registry: Any, task: TaskName) -> None:
    registry.deploy(triggers=[{"name": "t", "automationSpec": {"schedule": {"cron": {"expression": "@daily"}}}}])
    assert registry.store.show_trigger(task, "t").active is False


def test_t10_of_several_triggers_of_one_name_the_last_counts(registry: Any, task: TaskName, trigger: Any) -> None:
    given = [trigger("t", cron="@daily"), trigger("t", cron="@hourly")]
    result = registry.deploy(triggers=given)
    assert len(result.warnings) == 1
    assert "@hourly" in registry.store.show_trigger(task, "t").schedule
    assert registry.deploy(triggers=given).outcome is Outcome.UNCHANGED


def test_s1_a_trigger_is_shown_as_it_is_or_at_any_revision(registry: Any, task: TaskName, trigger: Any) -> None:
    registry.deploy(triggers=[trigger("t", cron="@daily")])
    registry.deploy(triggers=[trigger("t", cron="@hourly")])
    assert "@hourly" in registry.store.show_trigger(task, "t").schedule
    assert "@daily" in registry.store.show_trigger_revision(task, "t", 1).schedule
    with pytest.raises(TriggerNotFoundError):
        registry.store.show_trigger(task, "u")
    with pytest.raises(TriggerNotFoundError):
        registry.store.show_trigger_revision(task, "t", 3)


def test_s2_triggers_are_listed_by_scope_active_first_then_newest(registry: Any, task: TaskName, trigger: Any) -> None:
    registry.deploy(triggers=[trigger("a", active=False), trigger("b")])
    registry.deploy(name="env.other", triggers=[trigger("c")])
    listed = [row.name for row in registry.store.list_triggers(TriggerQuery(project="p", domain="d")).triggers]
    assert listed == ["c", "b", "a"]
    assert names(registry, task) == ["b", "a"]
    assert registry.store.list_triggers(TriggerQuery(task_name=task.name, task_version="v2")).triggers == ()
    registry.store.operate_triggers(TriggerAction.DELETE, task, ["b"])
    assert names(registry, task) == ["a"]


def test_s3_the_revisions_of_a_trigger_newest_first_with_their_actions(
    registry: Any, task: TaskName, trigger: Any
) -> None:
    registry.deploy(triggers=[trigger("t")])
    actions = [
        TriggerAction.DEACTIVATE,
        TriggerAction.ACTIVATE,
        TriggerAction.PAUSE,
        TriggerAction.RESUME,
        TriggerAction.DELETE,
    ]
    for action in actions:
        registry.store.operate_triggers(action, task, ["t"])
    history = registry.store.trigger_history(task, "t")
    assert [row.action.value for row in history] == [*(action.value for action in reversed(actions)), "DEPLOY"]
    assert [row.revision for row in history] == [6, 5, 4, 3, 2, 1]


def test_s4_a_trigger_alone_with_an_expected_revision(registry: Any, task: TaskName, trigger: Any) -> None:
    registry.deploy(triggers=[trigger("t")])
    new = Trigger(name="u", spec=TriggerSpec(active=True))
    registry.store.deploy_trigger(task.at("v1"), new, expected_revision=0)
    assert names(registry, task) == ["u", "t"]
    with pytest.raises(RevisionConflictError):
        registry.store.deploy_trigger(task.at("v1"), Trigger(name="u"), expected_revision=0)
    registry.store.deploy_trigger(task.at("v1"), Trigger(name="u"), expected_revision=1)
    assert registry.store.show_trigger(task, "u").revision == 2


def test_s5_several_at_once_all_or_nothing(registry: Any, task: TaskName, trigger: Any) -> None:
    registry.deploy(triggers=[trigger("a"), trigger("b", active=False)])
    with pytest.raises(TriggerNotFoundError):
        registry.store.operate_triggers(TriggerAction.PAUSE, task, ["a", "nope"])
    assert not registry.store.show_trigger(task, "a").paused
    result = registry.store.operate_triggers(TriggerAction.ACTIVATE, task, ["a", "b"])
    assert [change.trigger.name for change in result.changes] == ["b"], "the one that was active is left alone"
