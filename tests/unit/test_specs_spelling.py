"""Which keys of a document are field names, and become lowerCamelCase, and which are the user's."""

from __future__ import annotations

from typing import Any

import pytest

from taskstore_specs.errors import Rule
from taskstore_specs.spelling import CREATE_PROJECT_REQUEST, DEPLOY_TASK_REQUEST, TASK_SPEC, Message, normalise, spelled


def _normal(document: dict[str, Any], message: Message = TASK_SPEC) -> dict[str, Any]:
    normal, findings = normalise(document, message)
    assert not findings
    return normal


def test_fields_are_spelled_in_lower_camel_case_at_every_depth() -> None:
    given = {"task_template": {"security_context": {"run_as": {"iam_role": "r"}}, "task_type_version": 1}}
    assert _normal(given) == {"taskTemplate": {"securityContext": {"runAs": {"iamRole": "r"}}, "taskTypeVersion": 1}}


def test_fields_in_lists_are_spelled_too() -> None:
    given = {"default_inputs": [{"parameter": {"artifact_query": {"artifact_tag": {}}}}]}
    assert _normal(given) == {"defaultInputs": [{"parameter": {"artifactQuery": {"artifactTag": {}}}}]}


def test_the_keys_of_a_struct_are_the_users() -> None:
    struct = {"user_key": {"inner_key": [{"a_b": 1}]}, "userKey": 2}
    assert _normal({"taskTemplate": {"custom": struct}}) == {"taskTemplate": {"custom": struct}}


def test_the_keys_of_a_map_are_the_users_and_its_values_are_not() -> None:
    union = {"structure": {"dataclass_type": {"a_field": {"enum_type": {"values": ["x"]}}}}}
    given = {"taskTemplate": {"interface": {"inputs": {"variables": [{"value": {"type": union}}]}}}}
    (variable,) = _normal(given)["taskTemplate"]["interface"]["inputs"]["variables"]
    assert variable["value"]["type"] == {"structure": {"dataclassType": {"a_field": {"enumType": {"values": ["x"]}}}}}


def test_a_key_that_is_no_field_is_kept() -> None:
    given = {"taskTemplate": {"not_in_flyte": {"some_key": 1}}, "also_not": 2}
    assert _normal(given) == given


def test_a_null_is_absent_where_the_store_knows_the_message_and_kept_where_it_does_not() -> None:
    given = {"environment": None, "documentation": {"longDescription": None}, "taskTemplate": {"type": None}}
    assert _normal(given) == {"documentation": {}, "taskTemplate": {"type": None}}


@pytest.mark.parametrize(
    ("message", "document", "path"),
    [
        (TASK_SPEC, {"short_name": "a", "shortName": "a"}, ("shortName",)),
        (TASK_SPEC, {"taskTemplate": {"k8sPod": {}, "k8s_pod": {}}}, ("taskTemplate", "k8sPod")),
        (DEPLOY_TASK_REQUEST, {"taskId": None, "task_id": {}, "taskid": 1, "spec": 1}, None),
        (DEPLOY_TASK_REQUEST, {"triggers": [{}, {"automationSpec": 1, "automation_spec": 2}]}, ("triggers", 1)),
    ],
)
def test_a_field_in_both_spellings_is_a_duplicate(
    message: Message, document: dict[str, Any], path: tuple[str | int, ...] | None
) -> None:
    _, findings = normalise(document, message)
    if path is None:
        assert not findings  # a null is no second value
    else:
        assert [finding.rule for finding in findings] == [Rule.DUPLICATE_KEY]
        assert findings[0].path[: len(path)] == path


@pytest.mark.parametrize(
    ("given", "normal"),
    [(600.0, 600), (-0.0, 0), (1e3, 1000), (0.5, 0.5), (1e21, 1e21), (7, 7), (2.0**53 - 1, 2**53 - 1)],
)
def test_an_integral_float_is_an_integer(given: float, normal: float) -> None:
    value = _normal({"taskTemplate": {"custom": [given]}})["taskTemplate"]["custom"][0]
    assert value == normal
    assert type(value) is type(normal)


@pytest.mark.parametrize("number", [2**53, -(2**53), 10**400, 1e20, float("nan"), float("inf"), float("-inf")])
def test_a_number_that_programs_do_not_agree_on_is_refused(number: float) -> None:
    _, findings = normalise({"taskTemplate": {"custom": {"a": [number]}}}, TASK_SPEC)
    assert [(finding.rule, finding.path) for finding in findings] == [
        (Rule.BAD_NUMBER, ("taskTemplate", "custom", "a", 0))
    ]


def test_what_is_given_stays_as_it_is() -> None:
    document = {"project": {"id": "p", "labels": {"values": {"a_b": "c"}}}}
    _normal(document, CREATE_PROJECT_REQUEST)
    assert document == {"project": {"id": "p", "labels": {"values": {"a_b": "c"}}}}


def test_a_path_is_spelled_as_the_document_would_be() -> None:
    assert spelled(("spec", "task_template", "custom", "a_b", 0)) == ("spec", "taskTemplate", "custom", "a_b", 0)
    assert spelled(("triggers", 3, "automation_spec", "no_field")) == ("triggers", 3, "automationSpec", "no_field")
