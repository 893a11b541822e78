"""`specs/semantics.md`, "Deploy": a test for each rule, through the library, on a real store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from taskstore import Format, Outcome, ProjectPolicy, Source, VersionPolicy
from taskstore.errors import (
    ConflictError,
    InvalidInputError,
    ProjectNotFoundError,
    TaskNotFoundError,
    VersionConflictError,
)
from taskstore_specs import Digest, TaskName, decode_spec


def rejected(result: Any) -> Any:
    assert result.outcome is Outcome.REJECTED
    assert result.error is not None
    return result.error


def files_of(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["a" * 255, "x", "a.b-c_d", "任务"])
def test_d1_names_up_to_the_limit_are_taken(registry: Any, name: str) -> None:
    assert registry.deploy(name=name).outcome is Outcome.CREATED


@pytest.mark.parametrize(
    "given",
    [
        {"name": ""},
        {"name": "a" * 256},
        {"name": "a/b"},
        {"name": "a@b"},
        {"name": " a"},
        {"name": "a\n"},
        {"name": "a\x7fb"},
        {"version": ""},
        {"version": "v" * 64},
        {"project": "p" * 64},
        {"project": "a/b"},
    ],
)
def test_d1_names_that_break_the_rule_are_refused(registry: Any, given: dict[str, str]) -> None:
    assert isinstance(rejected(registry.deploy(**given)), InvalidInputError)


def test_d1_org_is_recorded_and_is_no_part_of_the_identity(registry: Any) -> None:
    document = registry.document()
    document["taskId"]["org"] = "acme"
    assert registry.deploy_file(document)[0].outcome is Outcome.CREATED
    assert registry.deploy().outcome is Outcome.UNCHANGED, "the same task, whatever its org"


def test_d2_an_unknown_project_is_not_found(registry: Any) -> None:
    assert isinstance(rejected(registry.deploy(project="q")), ProjectNotFoundError)


def test_d2_policy_auto_declares_the_project_by_the_way(make_registry: Any) -> None:
    registry = make_registry(project_policy=ProjectPolicy.AUTO)
    assert registry.deploy(project="q").outcome is Outcome.CREATED
    assert [project.id for project in registry.store.list_projects()] == ["p", "q"]


def test_d3_descriptions_are_cut_by_characters_and_the_result_says_so(
    registry: Any, task: TaskName, trigger: Any
) -> None:
    result = registry.deploy(
        environment={"name": "env", "description": "é" * 256},
        documentation={"shortDescription": "漢" * 300, "longDescription": "x" * 2049},
        triggers=[trigger("t", description="ü" * 256)],
    )
    assert len(result.warnings) == 4
    spec = decode_spec(registry.store.get_spec(result.digest))
    assert spec.environment is not None and spec.documentation is not None
    assert spec.environment.description == "é" * 255, "255 characters are 510 bytes: Flyte would cut them in half"
    assert spec.documentation.short_description == "漢" * 255
    assert len(spec.documentation.long_description) == 2048
    assert registry.store.show_trigger(task, "t").description == "ü" * 255


@pytest.mark.parametrize(
    ("name", "environment", "function", "warnings"),
    [
        ("env.main", "env", "main", 0),
        ("other.main", "env", "main", 1),
        ("a.b.main", "", "main", 0),
        ("main", "", "main", 0),
    ],
)
def test_d4_the_functions_name(registry: Any, name: str, environment: str, function: str, warnings: int) -> None:
    result = registry.deploy(name=name, environment={"name": environment})
    assert len(result.warnings) == warnings
    assert registry.store.show_task(TaskName("p", "d", name)).task.function_name == function


def test_d5_a_refused_request_writes_nothing_at_all(registry: Any, trigger: Any) -> None:
    before = files_of(registry.store.root)
    rejected(registry.deploy(triggers=[trigger("good"), trigger("bad", cron="61 * * * *")]))
    rejected(registry.deploy(project="unknown"))
    assert files_of(registry.store.root) == before


@pytest.mark.parametrize("cron", ["*/5 * * * *", "@daily", "@hourly", "0 9 * * MON-FRI"])
def test_d6_five_fields_and_descriptors_are_taken(registry: Any, trigger: Any, cron: str) -> None:
    assert registry.deploy(triggers=[trigger("t", cron=cron)]).outcome is Outcome.CREATED


def test_d6_six_fields_get_an_error_that_says_so(registry: Any, trigger: Any) -> None:
    assert "six fields" in rejected(registry.deploy(triggers=[trigger("t", cron="0 0 * * ? *")])).message


def test_d6_an_unknown_timezone_is_refused(registry: Any) -> None:
    schedule = {"cron": {"expression": "@daily", "timezone": "Europe/Atlantis"}}
    given = [{"name": "t", "automationSpec": {"schedule": schedule}}]
    assert "Atlantis" in rejected(registry.deploy(triggers=given)).message


@pytest.mark.parametrize(
    ("rate", "taken"),
    [
        ({"value": 1, "unit": "FIXED_RATE_UNIT_DAY"}, True),
        ({"value": 5, "unit": "FIXED_RATE_UNIT_MINUTE", "startTime": "2026-01-01T00:00:00Z"}, True),
        ({"value": 0, "unit": "FIXED_RATE_UNIT_DAY"}, False),
        ({"value": -1, "unit": "FIXED_RATE_UNIT_DAY"}, False),
        ({"value": 1, "unit": "FIXED_RATE_UNIT_UNSPECIFIED"}, False),
        ({"value": 1}, False),
    ],
)
def test_d7_a_fixed_rate(registry: Any, rate: dict[str, Any], taken: bool) -> None:
    result = registry.deploy(triggers=[{"name": "t", "automationSpec": {"schedule": {"rate": rate}}}])
    assert (result.outcome is Outcome.CREATED) is taken


def test_d8_a_redeploy_keeps_the_first_created_at_and_moves_updated_at(registry: Any, task: TaskName) -> None:
    registry.deploy()
    first = registry.store.show_task(task).task
    assert registry.deploy(image="other").outcome is Outcome.UPDATED
    second = registry.store.show_task(task).task
    assert second.created_at == first.created_at
    assert second.updated_at > first.updated_at


def test_d8_a_redeploy_that_changes_nothing_writes_nothing(registry: Any, task: TaskName, trigger: Any) -> None:
    registry.deploy(triggers=[trigger("t")])
    before, shown = files_of(registry.store.root), registry.store.show_task(task)
    result = registry.deploy(triggers=[trigger("t")])
    assert (result.outcome, result.revision, result.sequence) == (Outcome.UNCHANGED, 1, None)
    assert files_of(registry.store.root) == before
    assert registry.store.show_task(task) == shown


def test_d8_every_earlier_content_stays_readable(registry: Any, task: TaskName) -> None:
    first, second = registry.deploy(image="a"), registry.deploy(image="b")
    digests = [revision.digest for revision in registry.store.history(task, "v1")]
    assert digests == [second.digest, first.digest]
    assert b'"image":"a"' in registry.store.get_spec(first.digest)


def test_d9_mutable_content_is_replaced_and_immutable_content_is_not(registry: Any, make_registry: Any) -> None:
    registry.deploy(image="a")
    assert registry.deploy(image="b").outcome is Outcome.UPDATED
    frozen = make_registry(versions=VersionPolicy.IMMUTABLE)
    first = frozen.deploy(image="a")
    error = rejected(frozen.deploy(image="b"))
    assert isinstance(error, VersionConflictError)
    assert str(first.digest) in error.message and str(error.given) in error.message
    assert frozen.deploy(image="a").outcome is Outcome.UNCHANGED


def test_d10_the_result_names_what_was_done(registry: Any, task: TaskName) -> None:
    result = registry.deploy()
    assert (result.outcome, result.task, result.revision) == (Outcome.CREATED, task.at("v1"), 1)
    assert result.sequence == registry.store.journal.head().sequence
    assert Digest.of(registry.store.get_spec(result.digest)) == result.digest


def test_d11_versions_and_runs_that_share_a_specification_share_its_blob(registry: Any) -> None:
    spec = {"taskTemplate": {"type": "python"}}
    for number in range(3):
        document = registry.document(f"v{number}") | {"spec": spec}
        registry.deploy_file(document)
    assert len(list(registry.store.blobs)) == 1


def test_d12_a_specification_can_be_put_alone(registry: Any) -> None:
    source = Source("spec.json", b'{"task_template": {"type": "python"}}', Format.JSON)
    first, again = registry.store.put_spec(source), registry.store.put_spec(source)
    assert (first.created, again.created) == (True, False)
    assert first.digest == again.digest == Digest.of(registry.store.get_spec(first.digest))


def test_d12_a_digest_that_is_given_is_checked(registry: Any) -> None:
    source = Source("spec.json", b'{"task_template": {"type": "python"}}', Format.JSON)
    before = files_of(registry.store.root)
    with pytest.raises(ConflictError):
        registry.store.put_spec(source, expected=Digest.of(b"something else"))
    assert files_of(registry.store.root) == before


def test_d13_deployed_by_is_what_the_caller_says_or_who_it_is(registry: Any, task: TaskName) -> None:
    registry.deploy(by="ci@plant")
    assert registry.store.show_task(task).task.deployed_by == "ci@plant"
    registry.deploy("v2", by=None)
    assert "@" in registry.store.show_task(task, "v2").task.deployed_by


def test_l7_what_is_not_there_is_not_found(registry: Any, task: TaskName) -> None:
    with pytest.raises(TaskNotFoundError):
        registry.store.show_task(task)
    registry.deploy()
    with pytest.raises(TaskNotFoundError):
        registry.store.show_task(task, "v9")
