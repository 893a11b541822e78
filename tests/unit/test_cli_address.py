"""How a task is addressed on the command line."""

from __future__ import annotations

import pytest

from taskstore.cli.address import parse_address, parse_task
from taskstore.errors import InvalidIdentityError, InvalidQueryError
from taskstore_specs.identity import TaskName

TASK = TaskName("snacks", "dev", "core.hello")


def test_a_whole_address_needs_no_scope() -> None:
    assert parse_address("snacks/dev/core.hello", None, None) == (TASK, None)


def test_a_whole_address_stands_against_the_scope() -> None:
    assert parse_address("snacks/dev/core.hello@v1", "other", "prod") == (TASK, "v1")


def test_a_name_alone_is_completed_by_the_scope() -> None:
    assert parse_address("core.hello@v1", "snacks", "dev") == (TASK, "v1")


def test_a_version_may_hold_what_a_name_may_not() -> None:
    assert parse_address("snacks/dev/core.hello@feature/a@b", None, None) == (TASK, "feature/a@b")


@pytest.mark.parametrize("text", ["core.hello", "dev/core.hello", "a/b/c/d", ""])
def test_anything_else_is_no_task(text: str) -> None:
    with pytest.raises(InvalidQueryError) as caught:
        parse_address(text, "snacks", None)
    assert "project/domain/name" in caught.value.hint


@pytest.mark.parametrize("text", ["snacks//core.hello", "snacks/dev/core.hello@", "snacks/dev/ core.hello"])
def test_each_part_is_checked(text: str) -> None:
    with pytest.raises(InvalidIdentityError):
        parse_address(text, None, None)


def test_where_a_task_is_meant_a_version_is_refused() -> None:
    assert parse_task("core.hello", "snacks", "dev") == TASK
    with pytest.raises(InvalidQueryError):
        parse_task("core.hello@v1", "snacks", "dev")
