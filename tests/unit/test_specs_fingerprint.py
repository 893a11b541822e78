"""The fingerprint of a specification says whether anything but its version changed."""

from __future__ import annotations

from typing import Any

import pytest

from taskstore_specs import TaskSpec, fingerprint


def _spec(version: str, **more: Any) -> TaskSpec:
    container = {"args": ["--version", version, "--name", "a"], "image": "example.org/flyte:py3.11"}
    return TaskSpec(
        task_template={"id": {"name": "n", "version": version}, "container": container, "type": "python", **more}
    )


def test_it_is_the_same_whatever_the_version() -> None:
    assert fingerprint(_spec("v1"), "v1") == fingerprint(_spec("v2"), "v2")


def test_it_is_the_same_whatever_the_template_calls_itself() -> None:
    other = TaskSpec(task_template={**_spec("v1").task_template, "id": {"name": "renamed"}})
    assert fingerprint(other, "v1") == fingerprint(_spec("v1"), "v1")


@pytest.mark.parametrize(
    "more",
    [
        {"type": "shell"},
        {"custom": {"text": "contains v1 inside"}},
        {"custom": {"v1": "a key"}},
        {"custom": {"number": 0.5}},
    ],
)
def test_it_changes_with_anything_else(more: dict[str, Any]) -> None:
    assert fingerprint(_spec("v1", **more), "v1") != fingerprint(_spec("v1"), "v1")


def test_only_whole_values_count_as_the_version() -> None:
    one = _spec("v1", custom={"text": "tag v1"})
    other = _spec("v2", custom={"text": "tag v2"})
    assert fingerprint(one, "v1") != fingerprint(other, "v2")


def test_it_leaves_the_specification_alone() -> None:
    spec = _spec("v1")
    fingerprint(spec, "v1")
    assert spec == _spec("v1")
