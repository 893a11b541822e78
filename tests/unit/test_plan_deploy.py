"""Deploying, as a pure function: requests and state in, facts out."""

from __future__ import annotations

from typing import Any

import pytest

from taskstore.errors import (
    ConflictError,
    ProjectArchivedError,
    ProjectNotFoundError,
    RevisionConflictError,
    TaskNotFoundError,
    TriggerNotFoundError,
    VersionConflictError,
)
from taskstore.journal.changes import (
    Change,
    ProjectAction,
    ProjectChange,
    TaskAction,
    TaskChange,
    TriggerAction,
    TriggerChange,
)
from taskstore.plan import projects, triggers, versions
from taskstore.plan.deploy import Planned, Refused, plan
from taskstore.plan.outcome import Outcome
from taskstore.plan.policy import Policy, ProjectPolicy, VersionPolicy
from taskstore.plan.prepare import Prepared, function_name, prepare
from taskstore.plan.state import State
from taskstore_specs.identity import TaskId, TaskName
from taskstore_specs.models import (
    CreateProject,
    DeployTask,
    Documentation,
    Environment,
    Project,
    TaskIdentifier,
    TaskSpec,
    Trigger,
    TriggerSpec,
)

TASK = TaskName("p", "d", "env.n")
DECLARED = ProjectChange(action=ProjectAction.CREATE, id="p", name="p")


def request(version: str = "v1", *, image: str = "i", names: tuple[str, ...] = (), active: bool = True) -> Prepared:
    wanted = tuple(Trigger(name=name, spec=TriggerSpec(active=active)) for name in names)
    spec = TaskSpec(task_template={"container": {"image": image}}, environment=Environment(name="env"))
    identifier = TaskIdentifier(project="p", domain="d", name="env.n", version=version)
    return prepare(DeployTask(task_id=identifier, spec=spec, triggers=wanted))


class World:
    """A state that remembers what was planned on it."""

    def __init__(self, policy: Policy | None = None, *changes: Change) -> None:
        self.policy = policy or Policy()
        self.state = State.of(changes or (DECLARED,))

    def deploy(self, *documents: Prepared) -> Planned:
        result = plan([documents], self.state, self.policy, "me")[0]
        assert not isinstance(result, Refused), result
        self.record(*result[0].changes)
        return result[0]

    def refuse(self, *documents: Prepared) -> Refused:
        result = plan([documents], self.state, self.policy, "me")[0]
        assert isinstance(result, Refused)
        return result

    def record(self, *changes: Change) -> None:
        for change in changes:
            self.state.apply(change)

    def trigger(self, name: str) -> TriggerChange:
        return self.state.triggers_of(TASK)[name]


def only(planned: Planned, kind: type[Any]) -> list[Any]:
    return [change for change in planned.changes if isinstance(change, kind)]


def test_a_first_deploy_creates_and_says_who_and_with_what() -> None:
    planned = World().deploy(request(names=("t",)))
    assert (planned.outcome, planned.revision) == (Outcome.CREATED, 1)
    task, trigger = planned.changes
    assert isinstance(task, TaskChange) and isinstance(trigger, TriggerChange)
    assert (task.action, task.deployed_by, task.triggers) == (TaskAction.DEPLOY, "me", {"t": 1})
    assert (trigger.action, trigger.task_version, trigger.revision) == (TriggerAction.DEPLOY, "v1", 1)


def test_the_same_again_records_nothing() -> None:
    world = World()
    world.deploy(request(names=("t",)))
    again = world.deploy(request(names=("t",)))
    assert again == Planned(Outcome.UNCHANGED, 1, ())


def test_other_content_is_a_new_revision() -> None:
    world = World()
    world.deploy(request())
    planned = world.deploy(request(image="other"))
    assert (planned.outcome, planned.revision) == (Outcome.UPDATED, 2)


def test_an_immutable_version_keeps_its_content_and_names_both_digests() -> None:
    world = World(Policy(versions=VersionPolicy.IMMUTABLE))
    first, other = request(), request(image="other")
    world.deploy(first)
    error = world.refuse(other).error
    assert isinstance(error, VersionConflictError)
    assert {error.recorded, error.given} == {first.digest, other.digest}  # type: ignore[union-attr]
    assert world.deploy(request(names=("t",))).outcome is Outcome.UPDATED, "its triggers may change"


def test_a_project_must_be_declared_or_is_declared_by_the_way() -> None:
    nowhere = ProjectChange(action=ProjectAction.CREATE, id="elsewhere")
    assert isinstance(World(None, nowhere).refuse(request()).error, ProjectNotFoundError)
    planned = World(Policy(projects=ProjectPolicy.AUTO), nowhere).deploy(request())
    assert [change.id for change in only(planned, ProjectChange)] == ["p"]


def test_an_archived_project_takes_no_deploys() -> None:
    world = World()
    archived = projects.set_archived("p", DECLARED, archived=True)
    assert archived is not None
    world.record(archived)
    assert isinstance(world.refuse(request()).error, ProjectArchivedError)
    restored = projects.set_archived("p", archived, archived=False)
    assert restored is not None
    world.record(restored)
    assert world.deploy(request()).outcome is Outcome.CREATED


def test_a_project_document_declares_then_updates_then_does_nothing() -> None:
    world = World()
    document = CreateProject(project=Project(id="new"))
    assert world.deploy(document).outcome is Outcome.CREATED
    assert world.deploy(document).outcome is Outcome.UNCHANGED
    assert world.deploy(CreateProject(project=Project(id="new", description="x"))).outcome is Outcome.UPDATED


def test_documents_of_one_file_see_each_other_and_stand_or_fall_together() -> None:
    world = World(None, ProjectChange(action=ProjectAction.CREATE, id="elsewhere"))
    declares = CreateProject(project=Project(id="p"))
    refused = plan([[request(), declares]], world.state, Policy(), "me")[0]
    assert isinstance(refused, Refused) and refused.document == 0
    accepted = plan([[declares, request()]], world.state, Policy(), "me")[0]
    assert not isinstance(accepted, Refused)
    assert [planned.outcome for planned in accepted] == [Outcome.CREATED, Outcome.CREATED]


def test_a_version_named_twice_in_one_file_is_a_conflict() -> None:
    refused = World().refuse(request(), request(image="other"))
    assert refused.document == 1
    assert isinstance(refused.error, ConflictError)


def test_a_refused_transaction_leaves_no_trace_for_the_next() -> None:
    elsewhere = ProjectChange(action=ProjectAction.CREATE, id="elsewhere")
    state = State.of([elsewhere])
    new = CreateProject(project=Project(id="p"))
    bad = CreateProject(project=Project(id="p", name="again"))
    refused, after = plan([[new, bad], [request()]], state, Policy(), "me")
    assert isinstance(refused, Refused)
    assert isinstance(after, Refused), "the project of the refused transaction must not be seen"
    assert state.projects == {"elsewhere": elsewhere}


class TestTriggers:
    def test_the_set_replaces_the_earlier_one_the_empty_set_included(self) -> None:
        world = World()
        world.deploy(request(names=("a", "b")))
        world.deploy(request(names=("a",)))
        gone = world.trigger("b")
        assert (gone.action, gone.deleted, gone.trigger.spec.active, gone.revision) == (
            TriggerAction.DELETE,
            True,
            False,
            2,
        )
        world.deploy(request())
        assert world.trigger("a").deleted

    def test_a_new_revision_only_when_content_or_version_changed(self) -> None:
        world = World()
        world.deploy(request(names=("t",)))
        world.deploy(request(names=("t",), image="other"))
        assert world.trigger("t").revision == 1
        world.deploy(request("v2", names=("t",)))
        assert (world.trigger("t").revision, world.trigger("t").task_version) == (2, "v2")

    def test_a_deleted_one_that_comes_back_goes_on_counting(self) -> None:
        world = World()
        world.deploy(request(names=("t",)))
        world.deploy(request())
        world.deploy(request(names=("t",)))
        assert (world.trigger("t").revision, world.trigger("t").deleted) == (3, False)

    def test_a_deploy_lifts_a_deactivation_but_never_a_pause(self) -> None:
        world = World()
        world.deploy(request(names=("t",)))
        for action in (TriggerAction.DEACTIVATE, TriggerAction.PAUSE):
            world.record(*triggers.operate(action, TASK, ["t"], world.state.triggers_of(TASK), "op"))
        world.deploy(request("v2", names=("t",)))
        assert (world.trigger("t").trigger.spec.active, world.trigger("t").paused) == (True, True)
        world.deploy(request("v2"))
        world.deploy(request("v2", names=("t",)))
        assert world.trigger("t").paused, "not even by deleting it and deploying it anew"
        world.record(*triggers.operate(TriggerAction.RESUME, TASK, ["t"], world.state.triggers_of(TASK), "op"))
        assert not world.trigger("t").paused

    def test_an_operation_leaves_alone_what_is_so_already(self) -> None:
        world = World()
        world.deploy(request(names=("t",)))
        existing = world.state.triggers_of(TASK)
        for action in (TriggerAction.ACTIVATE, TriggerAction.RESUME):
            assert triggers.operate(action, TASK, ["t"], existing, "op") == []

    def test_an_operation_on_several_is_all_or_nothing(self) -> None:
        world = World()
        world.deploy(request(names=("a", "b")))
        with pytest.raises(TriggerNotFoundError) as caught:
            triggers.operate(TriggerAction.DELETE, TASK, ["a", "c"], world.state.triggers_of(TASK), "op")
        assert "a, b" in caught.value.hint

    def test_an_expected_revision_is_an_optimistic_lock(self) -> None:
        task_id, wanted = TASK.at("v1"), Trigger(name="t")
        first = triggers.deploy(task_id, wanted, {}, "me", expected_revision=0)
        assert first is not None and first.revision == 1
        with pytest.raises(RevisionConflictError):
            triggers.deploy(task_id, Trigger(name="t", spec=TriggerSpec(active=True)), {"t": first}, "me", 0)

    def test_a_deploy_records_the_whole_set_that_it_was_made_with(self) -> None:
        world = World()
        world.deploy(request(names=("a", "b")))
        planned = world.deploy(request(names=("a", "c")))
        assert only(planned, TaskChange)[0].triggers == {"a": 1, "c": 1}


class TestVersions:
    def test_a_version_is_deleted_and_comes_back(self) -> None:
        world = World()
        planned = world.deploy(request())
        task_id: TaskId = only(planned, TaskChange)[0].task_id
        gone = versions.delete(task_id, world.state.versions[task_id], {}, "op")
        assert gone is not None and gone.deleted and gone.revision == 2
        assert versions.delete(task_id, gone, {}, "op") is None
        back = versions.undelete(task_id, gone, "op")
        assert back is not None and not back.deleted and back.action is TaskAction.UNDELETE
        world.record(gone)
        assert world.deploy(request()).outcome is Outcome.UPDATED, "a deploy brings it back too"

    def test_a_version_that_triggers_start_is_kept(self) -> None:
        world = World()
        world.deploy(request(names=("t",)))
        with pytest.raises(ConflictError):
            versions.delete(TASK.at("v1"), world.state.versions[TASK.at("v1")], world.state.triggers_of(TASK), "op")

    def test_what_is_not_there_cannot_be_deleted(self) -> None:
        with pytest.raises(TaskNotFoundError):
            versions.delete(TASK.at("v1"), None, {}, "op")


class TestMetadata:
    @pytest.mark.parametrize(
        ("name", "environment", "function"),
        [
            ("env.main", "env", "main"),
            ("a.b.main", "a.b", "main"),
            ("env.sub.main", "env", "sub.main"),
            ("other.main", "env", "main"),
            ("main", "", "main"),
            ("env.", "env", ""),
            ("environment.main", "env", "main"),
        ],
    )
    def test_the_function_name(self, name: str, environment: str, function: str) -> None:
        assert function_name(name, environment) == function

    def test_long_descriptions_are_cut_by_characters_and_said(self) -> None:
        spec = TaskSpec(
            environment=Environment(name="env", description="é" * 256),
            documentation=Documentation(short_description="漢" * 255, long_description="x" * 2049),
        )
        triggers_given = (Trigger(name="t", spec=TriggerSpec(description="ü" * 300)),)
        identifier = TaskIdentifier(project="p", domain="d", name="env.n", version="v")
        prepared = prepare(DeployTask(task_id=identifier, spec=spec, triggers=triggers_given))
        assert len(prepared.warnings) == 3  # type: ignore[union-attr]
        assert prepared.metadata.env_description == "é" * 255  # type: ignore[union-attr]
        assert prepared.metadata.short_description == "漢" * 255  # type: ignore[union-attr]
        assert len(prepared.triggers[0].spec.description) == 255  # type: ignore[union-attr]

    def test_a_name_outside_its_environment_is_warned_of(self) -> None:
        identifier = TaskIdentifier(project="p", domain="d", name="n", version="v")
        prepared = prepare(DeployTask(task_id=identifier, spec=TaskSpec(environment=Environment(name="env"))))
        assert len(prepared.warnings) == 1  # type: ignore[union-attr]
