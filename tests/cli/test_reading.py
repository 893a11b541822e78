"""`taskstore list`, `versions`, `show`, `spec`, `trigger list`, `status` and `rebuild`, on the deployed samples."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

Taskstore = Callable[..., Any]
TASK = "flytesnacks/development/core.control_flow.run_merge_sort"


def names(run: Any) -> list[str]:
    """The task names of a listing, in order."""
    return [task["name"] for task in run.json["tasks"]]


def test_list_shows_the_newest_version_of_each_task(registry: Taskstore) -> None:
    run = registry("list", "--json")
    versions = {task["name"]: task["version"] for task in run.json["tasks"]}
    assert versions == {
        "core.control_flow.run_merge_sort": "v2",
        "housekeeping.rotate_logs": "1.10",
        "models.retrain": "2026.3",
        "reports.collect": "7",
        "reports.send": "7",
    }
    assert (run.json["total"], run.json["filtered_total"], run.json["next_token"]) == (5, 5, "")


def test_list_is_scoped_by_project_and_domain(registry: Taskstore) -> None:
    run = registry("list", "-p", "flytesnacks", "-d", "development", "--json")
    assert set(names(run)) == {"core.control_flow.run_merge_sort", "models.retrain"}


def test_list_is_filtered_and_sorted(registry: Taskstore) -> None:
    run = registry("list", "--filter", "environment^report", "--sort", "name:desc", "--json")
    assert names(run) == ["reports.send", "reports.collect"]


def test_list_pages_without_repeating_or_skipping(registry: Taskstore) -> None:
    seen, token = [], ""
    while True:
        run = registry("list", "--limit", "2", *(["--token", token] if token else []), "--json")
        assert run.json["total"] == 5
        seen.extend(names(run))
        token = run.json["next_token"]
        if not token:
            break
    assert seen == names(registry("list", "--all", "--json"))


def test_list_tells_a_person_that_there_is_more(registry: Taskstore) -> None:
    run = registry("list", "--limit", "2")
    assert "2 of 5" in run.err


def test_list_shows_all_versions_when_asked(registry: Taskstore) -> None:
    assert len(names(registry("list", "--all-versions", "--json"))) == 6


@pytest.mark.parametrize(
    "arguments", [["--filter", "colour=red"], ["--filter", "name"], ["--sort", "colour"], ["--limit", "201"]]
)
def test_a_query_that_makes_no_sense_is_refused(registry: Taskstore, arguments: list[str]) -> None:
    run = registry("list", *arguments, "--json")
    assert run.code == 3
    assert run.json["error"]["hint"]


def test_versions_are_newest_first(registry: Taskstore) -> None:
    run = registry("versions", TASK, "--json")
    assert [version["version"] for version in run.json["versions"]] == ["v2", "v1"]
    assert run.json["total"] == 2


def test_show_tells_everything_about_the_newest_version(registry: Taskstore) -> None:
    run = registry("show", TASK, "--json")
    assert run.json["task"]["version"] == "v2"
    assert run.json["spec"]["environment"]["name"] == "core.control_flow"
    assert [trigger["name"] for trigger in run.json["triggers"]] == ["nightly"]


def test_show_takes_a_version(registry: Taskstore) -> None:
    assert registry("show", f"{TASK}@v1", "--json").json["task"]["version"] == "v1"


@pytest.mark.parametrize("address", [f"{TASK}@v3", "flytesnacks/development/core.none"])
def test_what_is_not_there_is_not_found(registry: Taskstore, address: str) -> None:
    assert registry("show", address).code == 4


def test_versions_of_a_task_that_is_not_there_are_not_found(registry: Taskstore) -> None:
    assert registry("versions", "flytesnacks/development/core.none").code == 4


def test_spec_get_prints_the_bytes_that_the_digest_names(registry: Taskstore) -> None:
    digest = registry("show", TASK, "--json").json["task"]["digest"]
    run = registry("spec", "get", digest)
    assert f"blake3:{blake3(run.out.encode()).hexdigest()}" == digest
    assert json.loads(run.out) == registry("show", TASK, "--json").json["spec"]


def test_spec_put_stores_a_specification_once(registry: Taskstore) -> None:
    first = registry("spec", "put", "-", "--json", stdin=b"short_name: hello\n")
    assert first.json["created"] is True
    again = registry("spec", "put", "-", "--json", stdin=b'{"shortName": "hello"}')
    assert again.json == {**first.json, "created": False}
    assert registry("spec", "get", first.json["digest"]).out == '{"shortName":"hello"}'


def test_spec_put_checks_a_given_digest(registry: Taskstore) -> None:
    wrong = f"blake3:{'0' * 64}"
    run = registry("spec", "put", "-", "--digest", wrong, stdin=b"short_name: hello\n")
    assert run.code == 5


def test_a_digest_that_is_not_there_is_not_found(registry: Taskstore) -> None:
    assert registry("spec", "get", f"blake3:{'0' * 64}").code == 4
    assert registry("spec", "get", "sha256:1234").code == 3


def test_spec_list_shows_those_that_were_deployed_and_those_put_alone(registry: Taskstore) -> None:
    alone = registry("spec", "put", "-", "--json", stdin=b"short_name: hello\n").json["digest"]
    specs = {spec["digest"]: spec for spec in registry("spec", "list", "--json").json["specs"]}
    task = registry("show", TASK, "--json").json["task"]
    assert (specs[alone]["versions"], specs[alone]["size"]) == (0, len('{"shortName":"hello"}'))
    assert specs[task["digest"]]["versions"] == 1


def test_spec_users_shows_what_a_specification_was_deployed_as(registry: Taskstore) -> None:
    digest = registry("show", TASK, "--json").json["task"]["digest"]
    (user,) = registry("spec", "users", digest, "--json").json["users"]
    assert (user["name"], user["version"], user["current"]) == ("core.control_flow.run_merge_sort", "v2", True)


def test_trigger_list_shows_every_trigger_of_the_registry(registry: Taskstore) -> None:
    triggers = registry("trigger", "list", "--json").json["triggers"]
    assert {trigger["name"] for trigger in triggers} == {"nightly", "every-six-hours", "new-images", "working-days"}


def test_trigger_list_shows_those_of_one_task(registry: Taskstore) -> None:
    (trigger,) = registry("trigger", "list", TASK, "--json").json["triggers"]
    assert (trigger["name"], trigger["task_version"], trigger["active"]) == ("nightly", "v2", True)


def test_rebuild_changes_no_answer(registry: Taskstore) -> None:
    before = registry("list", "--all-versions", "--json").out
    assert registry("rebuild").code == 0
    assert registry("list", "--all-versions", "--json").out == before


def test_a_lost_index_changes_no_answer(registry: Taskstore, store: Path) -> None:
    before = registry("list", "--all-versions", "--json").out
    for path in store.glob("index.duckdb*"):
        path.unlink()
    assert registry("list", "--all-versions", "--json").out == before
