"""`taskstore init`, `project` and `deploy`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Taskstore = Callable[..., Any]
SAMPLES = Path(__file__).parent.parent.parent / "samples"

MANIFEST = """
task_id: {project: snacks, domain: dev, name: core.hello, version: v1}
spec:
  environment: {name: core}
  task_template: {type: python}
"""


@pytest.fixture
def snacks(taskstore: Taskstore, tmp_path: Path) -> Taskstore:
    """`taskstore` in a folder with an empty store that knows the project `snacks`, and a manifest for it."""
    assert taskstore("init", "store", "--project", "snacks").code == 0
    (tmp_path / "hello.yaml").write_text(MANIFEST)

    def run(*arguments: str | Path, stdin: bytes = b"", **environ: str) -> Any:
        return taskstore(*arguments, stdin=stdin, TASKSTORE_HOME="store", **environ)

    return run


def test_init_makes_a_store_once(taskstore: Taskstore, tmp_path: Path) -> None:
    made = taskstore("init", "store", "--json")
    assert made.code == 0
    assert made.json["store"] == str(tmp_path / "store")
    assert taskstore("init", "store").code == 5


def test_init_without_a_folder_makes_the_store_here(taskstore: Taskstore, tmp_path: Path) -> None:
    assert taskstore("init").code == 0
    assert (tmp_path / "taskstore.json").is_file()


def test_init_refuses_a_folder_that_is_not_empty(taskstore: Taskstore, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    run = taskstore("init")
    assert run.code == 5
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_declared_project_is_listed(snacks: Taskstore) -> None:
    assert snacks("project", "create", "paint", "--name", "Paint line", "--description", "Hall 3").code == 0
    projects = {project["id"]: project for project in snacks("project", "list", "--json").json["projects"]}
    assert set(projects) == {"snacks", "paint"}
    assert (projects["paint"]["name"], projects["paint"]["description"]) == ("Paint line", "Hall 3")


def test_a_project_is_declared_once(snacks: Taskstore) -> None:
    assert snacks("project", "create", "snacks").code == 5


def test_deploy_says_what_became_of_each_document(snacks: Taskstore) -> None:
    run = snacks("deploy", "hello.yaml", "--json")
    assert run.code == 0
    (result,) = run.json["results"]
    assert result["outcome"] == "created"
    assert result["task"] == "snacks/dev/core.hello@v1"
    assert result["path"] == "hello.yaml"
    assert run.json["summary"] == {"created": 1, "updated": 0, "unchanged": 0, "rejected": 0}


def test_a_second_deploy_changes_nothing(snacks: Taskstore) -> None:
    snacks("deploy", "hello.yaml")
    head = snacks("status", "--json").json["sequence"]
    run = snacks("deploy", "hello.yaml", "--json")
    assert (run.code, run.json["results"][0]["outcome"]) == (0, "unchanged")
    assert snacks("status", "--json").json["sequence"] == head


def test_a_dry_run_decides_and_changes_nothing(snacks: Taskstore) -> None:
    run = snacks("deploy", "--dry-run", "hello.yaml", "--json")
    assert (run.code, run.json["results"][0]["outcome"]) == (0, "created")
    assert snacks("list", "--json").json["tasks"] == []


def test_who_deploys_is_recorded(snacks: Taskstore) -> None:
    snacks("deploy", "hello.yaml", "--by", "release-pipeline")
    assert snacks("list", "--json").json["tasks"][0]["deployed_by"] == "release-pipeline"


def test_a_refused_file_does_not_hold_up_the_others(snacks: Taskstore, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(MANIFEST.replace("version: v1", "versoin: v1"))
    run = snacks("deploy", "bad.yaml", "hello.yaml", "missing.yaml", "notes.txt", "--json")
    assert run.code == 3
    outcomes = {result["path"]: result["outcome"] for result in run.json["results"]}
    assert outcomes == {
        "bad.yaml": "rejected",
        "hello.yaml": "created",
        "missing.yaml": "rejected",
        "notes.txt": "rejected",
    }


def test_a_refusal_says_what_where_and_what_to_do(snacks: Taskstore, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(MANIFEST.replace("version: v1", "versoin: v1"))
    run = snacks("deploy", "bad.yaml")
    assert run.code == 3
    assert "error: " in run.err
    assert "  at: bad.yaml:2:" in run.err
    assert "version" in run.err.partition("hint: ")[2]


def test_an_undeclared_project_is_refused(snacks: Taskstore, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(MANIFEST.replace("snacks", "other"))
    run = snacks("deploy", "other.yaml", "--json")
    assert run.code == 3
    assert run.json["results"][0]["error"]["code"] == "project_not_found"


def test_a_folder_means_the_manifests_in_and_below_it(snacks: Taskstore, tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    (folder / "below").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for name in ("a.yaml", "below/b.yml", ".c.yaml", ".hidden/d.yaml", "notes.txt"):
        (folder / name).write_text(MANIFEST.replace("v1", f"v-{Path(name).stem.strip('.')}"))
    (folder / "link.yaml").symlink_to(tmp_path / "hello.yaml")
    run = snacks("deploy", "manifests", "--json")
    assert run.code == 0
    assert [result["path"] for result in run.json["results"]] == ["manifests/a.yaml", "manifests/below/b.yml"]


def test_a_folder_without_manifests_is_an_error(snacks: Taskstore, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert snacks("deploy", "empty").code == 3


@pytest.mark.parametrize("as_json", [False, True])
def test_a_dash_means_standard_input(snacks: Taskstore, as_json: bool) -> None:
    given = {"taskId": {"project": "snacks", "domain": "dev", "name": "core.hello", "version": "v1"}, "spec": {}}
    data = json.dumps(given).encode() if as_json else MANIFEST.encode()
    run = snacks("deploy", "-", "--json", stdin=data)
    assert run.code == 0, run.err
    assert run.json["results"][0]["task"] == "snacks/dev/core.hello@v1"


@pytest.mark.parametrize("arguments", [(), ("--json",), ("-o", "yaml"), ("-o", "csv")])
def test_a_file_name_that_is_no_unicode_can_be_told(
    snacks: Taskstore, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    name = os.fsdecode(b"caf\xe9.yaml")
    (tmp_path / name).write_text(MANIFEST.replace("version: v1", "versoin: v1"))
    run = snacks("deploy", name, *arguments)
    assert run.code == 3
    assert "caf\\udce9.yaml" in run.err
    assert "udce9.yaml" in run.out


def test_the_samples_deploy_and_the_broken_one_is_refused(taskstore: Taskstore) -> None:
    taskstore("init", "store")
    run = taskstore("deploy", "--store", "store", SAMPLES, "--json")
    assert run.code == 3
    refused = [result for result in run.json["results"] if result["outcome"] == "rejected"]
    assert [Path(result["path"]).name for result in refused] == ["broken.yaml"]
    problems = " ".join(problem["message"] for problem in refused[0]["error"]["problems"])
    assert "short_descripton" in problems
