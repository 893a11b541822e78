"""Completing the address of a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Taskstore = Callable[..., Any]
TASK = "flytesnacks/development/core.control_flow.run_merge_sort"


def complete(taskstore: Taskstore, *words: str, **environ: str) -> list[str]:
    """What bash is offered for the last of `words`."""
    asked = {"_TASKSTORE_COMPLETE": "bash_complete", "COMP_WORDS": f"taskstore {' '.join(words)}"}
    run = taskstore(**asked, COMP_CWORD=str(len(words)), **environ)
    assert run.err == ""
    return [line.partition(",")[2] for line in run.out.splitlines() if line]


def test_commands_are_completed(taskstore: Taskstore) -> None:
    assert complete(taskstore, "vers") == ["versions"]


def test_options_are_completed(taskstore: Taskstore) -> None:
    assert complete(taskstore, "list", "--all-") == ["--all-versions"]


@pytest.mark.parametrize("begun", ["flyte", "flytesnacks/dev", "flytesnacks/development/core."])
def test_a_task_is_completed_from_any_beginning(registry: Taskstore, begun: str) -> None:
    assert TASK in complete(registry, "show", begun)


def test_only_what_begins_so_is_offered(registry: Taskstore) -> None:
    assert complete(registry, "versions", "flytesnacks/production/reports.s") == ["flytesnacks/production/reports.send"]
    assert complete(registry, "versions", "flyte/production/") == []


def test_within_a_project_and_domain_the_name_is_completed(registry: Taskstore) -> None:
    scoped = {"TASKSTORE_PROJECT": "flytesnacks", "TASKSTORE_DOMAIN": "development"}
    assert complete(registry, "show", "models", **scoped) == ["models.retrain"]


def test_behind_an_at_sign_versions_are_completed(registry: Taskstore) -> None:
    assert complete(registry, "show", f"{TASK}@") == [f"{TASK}@v2", f"{TASK}@v1"]
    assert complete(registry, "show", f"{TASK}@v1") == [f"{TASK}@v1"]


def test_where_there_is_no_store_nothing_is_offered(taskstore: Taskstore) -> None:
    assert complete(taskstore, "show", "flyte") == []
