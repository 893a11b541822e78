"""`taskstore fsck` on the deployed samples: what it says, and its exit codes."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Taskstore = Callable[..., Any]
TASK = "flytesnacks/production/reports.send@7"


def flip(path: Path) -> None:
    """Change one bit of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


def blob_of(registry: Taskstore, store: Path, task: str) -> Path:
    """The file of a version's specification."""
    digest = registry("show", task, "--json").json["task"]["digest"].removeprefix("blake3:")
    return store / "objects" / digest[:2] / digest


def test_a_whole_store_has_no_problem(registry: Taskstore) -> None:
    run = registry("fsck", "--json")
    assert (run.code, run.json["problems"], run.json["complete"]) == (0, [], True)
    assert registry("fsck").err == "no problems in 1 entry and 6 blobs\n"


def test_damage_is_named_with_what_needs_it_and_the_command_that_repairs_it(
    registry: Taskstore, taskstore: Taskstore, store: Path
) -> None:
    shutil.copytree(store, store.parent / "copy")
    damaged = blob_of(registry, store, TASK)
    flip(damaged)
    run = registry("fsck", "--json")
    [problem] = run.json["problems"]
    assert run.code == 7
    assert (problem["kind"], problem["digest"]) == ("blob_damaged", f"blake3:{damaged.name}")
    assert problem["affects"] == [TASK, f"{TASK} trigger working-days"]
    command = [word.replace("STORE", "copy") for word in shlex.split(problem["repair"])[1:]]
    repaired = taskstore(*command, "--json")
    assert (repaired.code, repaired.json["repaired"], repaired.json["problems"]) == (0, 1, [])
    assert registry("fsck").code == 0


def test_quick_does_not_read_blobs(registry: Taskstore, store: Path) -> None:
    damaged = blob_of(registry, store, TASK)
    flip(damaged)
    assert registry("fsck", "--quick").code == 0
    damaged.unlink()
    assert registry("fsck", "--quick").code == 7


def test_a_budget_stops_and_the_next_one_goes_on(registry: Taskstore) -> None:
    first = registry("fsck", "--budget", "0s", "--json").json
    assert (first["complete"], first["checked"]["entries"], first["checked"]["blobs"]) == (False, 1, 0)
    second = registry("fsck", "--budget", "10m", "--json").json
    assert (second["complete"], second["checked"]["entries"], second["checked"]["blobs"]) == (True, 0, 6)
    assert registry("fsck", "--budget", "10m", "--json").json["checked"]["entries"] == 1


def test_what_status_prints_proves_the_history_up_to_it(registry: Taskstore) -> None:
    head = registry("status", "--json").json
    registry("project", "create", "later")
    assert registry("fsck", "--expect", f"{head['sequence']}:{head['digest']}").code == 0
    altered = registry("fsck", "--expect", f"{head['sequence']}:blake3:{'0' * 64}", "--json")
    assert (altered.code, altered.json["problems"][0]["kind"]) == (7, "head_unexpected")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--expect", "7"], 2),
        (["--expect", "x:blake3:" + "0" * 64], 2),
        (["--expect", "0:blake3:" + "0" * 64], 2),
        (["--expect", "1:sha256:" + "0" * 64], 3),
        (["--budget", "soon"], 2),
        (["--quick", "--budget", "1m"], 2),
    ],
)
def test_what_is_no_head_and_no_duration_is_refused(registry: Taskstore, arguments: list[str], code: int) -> None:
    run = registry("fsck", *arguments)
    assert (run.code, run.out) == (code, "")
    assert run.err.startswith("error: ")


def test_a_damaged_taskstore_json_is_damage(registry: Taskstore, store: Path) -> None:
    config = store / "taskstore.json"
    config.write_text(config.read_text().replace('"versions"', '"version5"'))
    run = registry("fsck", "--json")
    assert (run.code, run.json["error"]["code"]) == (7, "unsupported_format")
