"""What operators do: triggers held and let go, versions rolled back and deleted, projects archived, questions asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[2] / "samples"
TASK = "flytesnacks/development/core.control_flow.run_merge_sort"


def outcomes(run: Any) -> list[str]:
    assert run.code == 0, run.err
    return [row["outcome"] for row in run.json["results"]]


def test_a_pause_is_all_or_nothing_and_survives_a_deploy(registry: Any) -> None:
    assert registry("trigger", "pause", TASK, "nightly", "nope", "--json").code == 4
    assert outcomes(registry("trigger", "pause", TASK, "nightly", "--json")) == ["updated"]
    assert outcomes(registry("trigger", "pause", TASK, "nightly", "--json")) == ["unchanged"]
    registry("deploy", str(SAMPLES / "merge-sort-v2.yaml"))
    [shown] = [row for row in registry("trigger", "list", TASK, "--json").json["triggers"] if row["name"] == "nightly"]
    assert (shown["active"], shown["paused"]) == (True, True)
    assert registry("trigger", "list", TASK, "--active", "--json").json["triggers"] == []


def test_a_trigger_alone_with_an_expected_revision(registry: Any, tmp_path: Path) -> None:
    file = tmp_path / "hourly.yaml"
    file.write_text(
        "name: hourly\nspec: {active: true}\nautomation_spec: {schedule: {cron: {expression: '@hourly'}}}\n"
    )
    deploy = ("trigger", "deploy", f"{TASK}@v2", str(file), "--json")
    assert outcomes(registry(*deploy, "--expect-revision", "0")) == ["updated"]
    assert outcomes(registry(*deploy)) == ["unchanged"]
    conflict = registry(*deploy, "--expect-revision", "7")
    assert conflict.code == 5
    assert conflict.json["error"]["code"] == "revision_conflict"


def test_a_rollback_and_its_history(registry: Any) -> None:
    assert outcomes(registry("rollback", TASK, "--to", "v1", "--by", "alice", "--json")) == ["updated"]
    newest = registry("history", f"{TASK}@v1", "--json").json["revisions"][0]
    assert (newest["action"], newest["deployed_by"]) == ("ROLLBACK", "alice")
    started = {row["task_version"] for row in registry("trigger", "list", TASK, "--json").json["triggers"]}
    assert started == {"v1"}
    assert registry("rollback", TASK, "--to", "v9").code == 4


def test_a_version_deleted_and_back(registry: Any) -> None:
    assert registry("delete", f"{TASK}@v2").code == 5, "its triggers start it"
    assert outcomes(registry("delete", f"{TASK}@v1", "--json")) == ["updated"]
    assert [row["version"] for row in registry("versions", TASK, "--json").json["versions"]] == ["v2"]
    assert registry("show", f"{TASK}@v1", "--json").json["task"]["deleted_at"]
    assert outcomes(registry("undelete", f"{TASK}@v1", "--json")) == ["updated"]


def test_an_archived_project_refuses_deploys(registry: Any) -> None:
    assert registry("project", "archive", "flytesnacks", "--json").json["projects"][0]["state"] == "archived"
    run = registry("deploy", str(SAMPLES / "merge-sort-v2.yaml"), "--json")
    assert run.code == 3
    assert run.json["results"][0]["error"]["code"] == "project_archived"
    assert registry("list", "--json").json["total"] > 0
    assert registry("project", "restore", "flytesnacks").code == 0


def test_sql_answers_and_refuses(registry: Any, tmp_path: Path) -> None:
    rows = registry("sql", "SELECT count(*) AS n FROM tasks", "--json").json["rows"]
    assert rows[0]["n"] > 0
    refused = registry("sql", "DROP TABLE tasks")
    assert (refused.code, refused.out) == (3, "")
    file = tmp_path / "tasks.parquet"
    assert registry("sql", "FROM tasks", "--parquet", str(file)).code == 0
    assert file.read_bytes()[:4] == b"PAR1"
    assert registry("sql", "SELECT 1 AS a, 2 AS a", "-o", "csv").out.splitlines() == ["a,a_2", "1,2"]


def test_a_slip_in_a_name_is_answered_with_the_nearest(registry: Any) -> None:
    run = registry("show", "flytesnacks/development/core.control_flow.run_merge_sorted")
    assert run.code == 4
    assert TASK in run.err
