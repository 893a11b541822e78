"""What a person is told about a manifest that cannot be read, and how manifests are told apart."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from taskstore_specs import (
    CreateProject,
    DeployTask,
    Format,
    InvalidInputError,
    ManifestError,
    Rule,
    TaskstoreError,
    read_manifest,
    read_spec,
)
from taskstore_specs.models import AutomationType

HEAD = "task_id: {project: p, domain: d, name: n, version: v}\n"


def _deploy(text: str, format: Format = Format.YAML) -> DeployTask:
    (request,) = read_manifest("test", text.encode(), format)
    assert isinstance(request, DeployTask)
    return request


def _error(text: str, format: Format = Format.YAML) -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        read_manifest("inbox/task.yaml", text.encode(), format)
    return caught.value


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.yaml", Format.YAML),
        ("a.yml", Format.YAML),
        ("A.YAML", Format.YAML),
        ("dir.toml/a.json", Format.JSON),
        ("a.b.toml", Format.TOML),
    ],
)
def test_a_format_is_told_by_the_suffix(name: str, format: Format) -> None:
    assert Format.of_name(name) is format


@pytest.mark.parametrize("name", ["", "yaml", "a.txt", "a.yaml.swp", "a.", "a.yaml/b"])
def test_a_name_of_no_known_format_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Format.of_name(name)
    assert ".yaml" in caught.value.hint


def test_an_error_names_file_line_column_and_path() -> None:
    error = _error(HEAD + "spec:\n  enviroment: {}\n")
    assert isinstance(error, TaskstoreError)
    assert error.location == "inbox/task.yaml:3:3, spec.enviroment"
    assert "environment" in error.hint


def test_all_problems_are_told_in_the_order_of_the_file() -> None:
    error = _error(
        "triggers:\n  - {nam: a}\nspec: {docs: {}}\ntask_id: {project: /, domain: d, name: n, version: 1.10}\n"
    )
    assert [(problem.line, problem.path) for problem in error.problems] == [
        (2, "triggers[0].name"),
        (2, "triggers[0].nam"),
        (3, "spec.docs"),
        (4, "taskId.project"),
        (4, "taskId.version"),
    ]


def test_a_version_taken_for_a_number_is_to_be_quoted() -> None:
    (problem,) = _error("task_id: {project: p, domain: d, name: n, version: 1.10}\nspec: {}\n").problems
    assert problem.rule is Rule.WRONG_TYPE
    assert '"1.10"' in problem.hint


def test_a_no_is_a_text() -> None:
    assert _deploy("task_id: {project: no, domain: off, name: y, version: 0x1g}\nspec: {}").task_id.project == "no"


def test_documents_are_numbered_and_named_where_there_are_several() -> None:
    error = _error("project: {id: a}\n---\n# nothing\n---\nproject: {id: b, nam: c}\n")
    assert error.problems[0].path == "document 2: project.nam"
    assert error.problems[0].line == 5


def test_a_project_is_told_from_a_deployment() -> None:
    project, task = read_manifest("test", b'[{"project": {"id": "a"}}, ' + _JSON + b"]", Format.JSON)
    assert isinstance(project, CreateProject)
    assert isinstance(task, DeployTask)


_JSON = b'{"taskId": {"project": "a", "domain": "d", "name": "n", "version": "v"}, "spec": {}}'


def test_a_task_identity_at_the_top_is_answered_with_the_fields_of_a_deployment() -> None:
    paths = [problem.path for problem in _error("project: p\ndomain: d\nname: n\nversion: v\n").problems]
    assert paths[:2] == ["project", "taskId"]


@pytest.mark.parametrize(
    ("automation", "expected"),
    [
        ("{}", AutomationType.NONE),
        ("{type: TYPE_UNSPECIFIED}", AutomationType.NONE),
        ("{schedule: {cron_expression: '@daily'}}", AutomationType.SCHEDULE),
        ("{type: TYPE_UNSPECIFIED, schedule: {cron: {expression: '@daily'}}}", AutomationType.SCHEDULE),
        ("{type: TYPE_SCHEDULE, schedule: {cron: {expression: '@daily'}}}", AutomationType.SCHEDULE),
        ("{artifact: {artifact_name: model}}", AutomationType.ARTIFACT),
    ],
)
def test_the_automation_type_follows_from_what_is_given(automation: str, expected: AutomationType) -> None:
    request = _deploy(f"{HEAD}spec: {{}}\ntriggers: [{{name: t, automation_spec: {automation}}}]")
    assert request.triggers[0].automation_spec.type is expected


@pytest.mark.parametrize("start", ["2026-03-29T03:30:00+02:00", "2026-03-29T01:30:00Z", "2026-03-28T20:00:00-05:30"])
def test_a_start_time_is_brought_to_utc(start: str) -> None:
    rate = f"{{value: 1, unit: FIXED_RATE_UNIT_DAY, start_time: '{start}'}}"
    request = _deploy(f"{HEAD}spec: {{}}\ntriggers: [{{name: t, automation_spec: {{schedule: {{rate: {rate}}}}}}}]")
    schedule = request.triggers[0].automation_spec.schedule
    assert schedule is not None and schedule.rate is not None
    assert schedule.rate.start_time == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert schedule.rate.start_time.tzinfo is UTC


def test_a_toml_time_with_an_offset_is_a_start_time() -> None:
    text = (
        'task_id = {project = "p", domain = "d", name = "n", version = "v"}\nspec = {}\n[[triggers]]\nname = "t"\n'
        'automation_spec.schedule.rate = {value = 1, unit = "FIXED_RATE_UNIT_DAY", start_time = 2026-01-01T00:00:00Z}\n'
    )
    schedule = _deploy(text, Format.TOML).triggers[0].automation_spec.schedule
    assert schedule is not None and schedule.rate is not None
    assert schedule.rate.start_time == datetime(2026, 1, 1, tzinfo=UTC)


def test_an_absent_active_is_false() -> None:
    assert _deploy(HEAD + "spec: {}\ntriggers: [{name: t}]").triggers[0].spec.active is False


def test_a_specification_alone_is_read_in_either_spelling() -> None:
    one = read_spec("test", b"short_name: a\ntask_template: {task_type_version: 1.0}\n", Format.YAML)
    other = read_spec("test", b'{"taskTemplate": {"taskTypeVersion": 1}, "shortName": "a"}', Format.JSON)
    assert one == other


def test_a_request_is_no_specification() -> None:
    with pytest.raises(ManifestError) as caught:
        read_spec("test", _JSON, Format.JSON)
    assert {problem.path for problem in caught.value.problems} == {"taskId", "spec"}


@pytest.mark.parametrize("tag", ["!foo bar", "!!str x", "!<x> y", "!!binary aGk=", "! x"])
def test_yaml_tags_are_refused(tag: str) -> None:
    (problem,) = _error(f"{HEAD}spec: {{task_template: {{custom: {tag}}}}}\n").problems
    assert (problem.rule, problem.path, problem.line) == (Rule.UNSUPPORTED, "spec.taskTemplate.custom", 2)


@pytest.mark.parametrize("text", ["a ! b", "'!x'", '"!x &y *z"', "x&y", "a && b", "'0b11'", '"1e999"'])
def test_what_only_looks_like_a_tag_anchor_or_number_is_a_text(text: str) -> None:
    request = _deploy(f"{HEAD}spec: {{task_template: {{custom: {text}}}}}\n")
    assert request.spec.task_template["custom"] == text.strip("'\"")


def test_a_block_of_text_may_hold_anything() -> None:
    block = "!tag &anchor *alias\n<<: merge\n0b11 1e999\n"
    request = _deploy(
        HEAD + "spec:\n  task_template:\n    custom: |\n" + "".join(f"      {x}\n" for x in block.splitlines())
    )
    assert request.spec.task_template["custom"] == block
