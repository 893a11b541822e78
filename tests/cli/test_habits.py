"""What every command does alike: finds its store, prints each format, tells errors in one form."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import ryaml

Taskstore = Callable[..., Any]
PATIENCE = 60
BOX_DRAWING = set(map(chr, range(0x2500, 0x25A0)))
TASKSTORE = [sys.executable, "-m", "taskstore.cli.main"]
TASK = "flytesnacks/development/core.control_flow.run_merge_sort"


def test_the_store_is_the_nearest_parent_folder(registry: Taskstore, tmp_path: Path) -> None:
    below = tmp_path / "store" / "objects"
    assert registry("status", "--json", cwd=below).json["store"] == str(tmp_path / "store")


def test_the_environment_names_the_store(registry: Taskstore, taskstore: Taskstore) -> None:
    assert taskstore("list", TASKSTORE_HOME="store").code == 0


def test_the_option_stands_against_the_environment(registry: Taskstore, taskstore: Taskstore) -> None:
    assert taskstore("list", "--store", "store", TASKSTORE_HOME="elsewhere").code == 0


def test_no_store_is_not_found_and_says_what_to_do(taskstore: Taskstore) -> None:
    run = taskstore("list")
    assert (run.code, run.out) == (4, "")
    assert run.err.startswith("error: ")
    assert "  hint: " in run.err
    assert "taskstore init" in run.err


def test_yaml_is_the_same_document_as_json(registry: Taskstore) -> None:
    assert ryaml.loads(registry("list", "-o", "yaml").out) == registry("list", "--json").json


def test_csv_has_a_line_for_each_row(registry: Taskstore) -> None:
    rows = list(csv.DictReader(io.StringIO(registry("list", "-o", "csv").out)))
    tasks = registry("list", "-o", "json").json["tasks"]
    assert [row["name"] for row in rows] == [task["name"] for task in tasks]
    assert set(rows[0]) == set(tasks[0])


def test_a_piped_table_has_no_colour_no_lines_and_whole_values(registry: Taskstore) -> None:
    out = registry("list", FORCE_COLOR="1").out
    assert "\x1b" not in out
    assert not BOX_DRAWING & set(out)
    assert TASK in out


def test_the_result_is_on_stdout_and_all_else_on_stderr(registry: Taskstore) -> None:
    run = registry("show", f"{TASK}@none", "--json")
    assert run.code == 4
    assert run.err.startswith("error: ")
    assert run.json["error"]["code"] == "task_not_found"
    assert set(run.json["error"]) >= {"code", "message", "hint"}


@pytest.mark.parametrize("arguments", [["lst"], ["list", "--no-such"], ["list", "-o", "xml"], ["show"], ["project"]])
def test_a_wrong_command_line_exits_2_and_names_the_help(taskstore: Taskstore, arguments: list[str]) -> None:
    run = taskstore(*arguments)
    assert (run.code, run.out) == (2, "")
    assert "--help`" in run.err


def test_a_wrong_command_line_is_json_when_asked(taskstore: Taskstore) -> None:
    run = taskstore("list", "--no-such", "--json")
    assert run.code == 2
    assert run.json["error"]["code"] == "usage"


def test_a_misspelt_command_is_answered_with_the_nearest(taskstore: Taskstore) -> None:
    assert "'deploy'" in taskstore("depoly").err


def test_project_and_domain_complete_a_name(registry: Taskstore) -> None:
    whole = registry("show", TASK, "--json")
    name = TASK.rpartition("/")[2]
    assert registry("show", "-p", "flytesnacks", "-d", "development", name, "--json").out == whole.out
    environ = {"TASKSTORE_PROJECT": "flytesnacks", "TASKSTORE_DOMAIN": "development"}
    assert registry("show", name, "--json", **environ).out == whole.out


def test_a_name_alone_is_refused_without_them(registry: Taskstore) -> None:
    run = registry("show", "core.control_flow.run_merge_sort")
    assert run.code == 3
    assert "project/domain/name" in run.err


def test_a_reader_that_goes_away_is_no_fault(registry: Taskstore, process: Callable[..., Any]) -> None:
    listing = process("list", "--json")
    listing.stdout.close()
    assert listing.wait(PATIENCE) == 128 + signal.SIGPIPE
    assert listing.stderr.read() == ""


@pytest.mark.parametrize("arguments", [["list", "--json"], ["status"], ["--help"], ["--version"]])
def test_an_answer_that_cannot_be_written_is_an_error(registry: Taskstore, store: Path, arguments: list[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("optional: this system has no /dev/full")
    with Path("/dev/full").open("w") as full:
        run = subprocess.run([*TASKSTORE, *arguments], cwd=store, stdout=full, stderr=subprocess.PIPE, text=True)
        assert run.returncode == 1
        assert run.stderr.splitlines() == [
            "error: cannot write the output: No space left on device",
            "  hint: what the command did stands; only its answer is lost",
        ]
        unheard = subprocess.run([*TASKSTORE, *arguments], cwd=store, stdout=full, stderr=full)
        assert unheard.returncode == 1


def wait_until_it_reads(process: int) -> None:
    """Until the process sleeps in reading a pipe, as Linux tells."""
    where = Path(f"/proc/{process}/wchan")
    if not where.exists():
        pytest.skip("optional: this system does not tell what a process waits for")
    deadline = time.monotonic() + PATIENCE
    while "pipe_read" not in where.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)


def test_an_interrupt_is_quiet(registry: Taskstore, process: Callable[..., Any]) -> None:
    reading = process("deploy", "-")
    wait_until_it_reads(reading.pid)
    reading.send_signal(signal.SIGINT)
    assert reading.wait(PATIENCE) == 128 + signal.SIGINT
    assert reading.stderr.read() == ""


def wait_until_it_has_computed(process: int, seconds: float) -> None:
    """Until the process has used so much of the processor, as Linux tells."""
    clock = Path(f"/proc/{process}/stat")
    if not clock.exists():
        pytest.skip("optional: this system does not tell what a process has used")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        user = int(clock.read_text().rpartition(")")[2].split()[11])
        if user >= seconds * os.sysconf("SC_CLK_TCK"):
            return
        time.sleep(0.05)


def test_an_interrupt_ends_a_long_query(registry: Taskstore, process: Callable[..., Any]) -> None:
    endless = "SELECT count(*) FROM range(1000000000) a, range(1000) b WHERE a.range * b.range % 7 = 3"
    asking = process("sql", endless)
    wait_until_it_has_computed(asking.pid, 1)
    asking.send_signal(signal.SIGINT)
    assert asking.wait(PATIENCE) == 128 + signal.SIGINT
    assert asking.stderr.read() == ""
    assert registry("list").code == 0
