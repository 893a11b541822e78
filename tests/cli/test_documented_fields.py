"""specs/cli.md documents every field of every command's JSON, and none that is not there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

Taskstore = Callable[..., Any]
ROOT = Path(__file__).parent.parent.parent
TASK = "flytesnacks/development/core.control_flow.run_merge_sort"

DIGEST = "blake3:091a0504a9cb060fe06b6f64f1447fd78eea1f2f5961efafd310333e0ea80c35"
VERBS = ("deactivate", "activate", "pause", "resume", "delete")

COMMANDS: dict[str, list[list[str]]] = {
    "taskstore init": [["init", "../another"]],
    "taskstore project": [["project", "list"], ["project", "create", "another"]],
    "taskstore deploy": [["deploy", str(ROOT / "samples")]],
    "taskstore plan": [["plan", str(ROOT / "samples"), "../altered.yaml"]],
    "taskstore list": [["list"]],
    "taskstore versions": [["versions", TASK]],
    "taskstore show": [["show", TASK]],
    "taskstore history": [["history", TASK]],
    "taskstore diff": [["diff", f"{TASK}@v1", f"{TASK}@v2"]],
    "taskstore rollback": [["rollback", TASK, "--to", "v1"]],
    "taskstore delete": [["delete", f"{TASK}@v1"]],
    "taskstore undelete": [["undelete", f"{TASK}@v1"]],
    "taskstore spec put": [["spec", "put", "-"]],
    "taskstore spec list": [["spec", "list"]],
    "taskstore spec users": [["spec", "users", DIGEST]],
    "taskstore trigger list": [["trigger", "list"]],
    "taskstore trigger show": [["trigger", "show", TASK, "nightly"]],
    "taskstore trigger history": [["trigger", "history", TASK, "nightly"]],
    "taskstore trigger activate": [["trigger", verb, TASK, "nightly"] for verb in VERBS],
    "taskstore trigger upcoming": [["trigger", "upcoming"]],
    "taskstore log": [["log"]],
    "taskstore sql": [["sql", "SELECT name FROM tasks"]],
    "taskstore rebuild": [["rebuild"]],
    "taskstore fsck": [["fsck"]],
    "taskstore repair": [["repair", "--from", "."]],
    "taskstore gc": [["gc"]],
}
"""What each section of the document describes, as commands to run on the deployed samples."""

OPAQUE = re.compile(r"spec|.*(deployed_triggers|definition|error|before|after)|rows\[\]")
"""Objects that are described where they come from, or whose names are the user's."""

ELSEWHERE = {
    "triggers[].": ("taskstore trigger list", "triggers[]."),
    "trigger.": ("taskstore trigger list", "triggers[]."),
    "results[].": ("taskstore deploy", "results[]."),
    "summary.": ("taskstore deploy", "summary."),
}
"""Which section describes the fields that another one only refers to, and what they begin with there."""


def sections() -> dict[str, set[str]]:
    """The documented fields by section, with those that are said to be as elsewhere filled in."""
    _, *parts = re.split(r"^### `(.*)`$", (ROOT / "specs" / "cli.md").read_text(), flags=re.MULTILINE)
    found = {
        name: set(re.findall(r"^\| `([\w.\[\]*]+)` \|", text, re.MULTILINE))
        for name, text in zip(parts[::2], parts[1::2], strict=True)
    }
    return {name: set(filled_in(fields, found)) for name, fields in found.items()}


def filled_in(fields: set[str], found: dict[str, set[str]]) -> Iterator[str]:
    """The fields, with those of other sections in place of `PREFIX.*`."""
    for field in fields:
        prefix, star, _ = field.partition("*")
        if not star:
            yield field
            continue
        section, theirs = ELSEWHERE[prefix]
        yield from (prefix + other.removeprefix(theirs) for other in found[section] if other.startswith(theirs))


def fields_of(value: Any, path: str = "") -> Iterator[str]:
    """The path of every field within a JSON value; a list is its items."""
    if isinstance(value, dict) and not OPAQUE.fullmatch(path):
        for name, item in value.items():
            yield from fields_of(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for item in value:
            yield from fields_of(item, f"{path}[]")
    else:
        yield path


def named(field: str) -> str:
    """A field as both sides write it."""
    return field.removesuffix("[]")


def check(section: str, answers: Iterable[Any]) -> None:
    """The fields of the answers together are those that the section documents."""
    found = {named(field) for answer in answers for field in fields_of(answer)}
    empty_lists = {field for field in found if any(other.startswith(f"{field}[].") for other in found)}
    assert found - empty_lists == set(map(named, sections()[section]))


def test_every_section_is_run() -> None:
    """Those on bundles are run by test_cli_bundle.py, which has two stores, and `status` below, with a daemon."""
    commands = {name for name in sections() if name.startswith("taskstore ")}
    elsewhere = {name for name in commands if name.startswith("taskstore bundle")} | {"taskstore status"}
    assert set(COMMANDS) == commands - elsewhere


@pytest.mark.parametrize("section", COMMANDS)
def test_the_fields_are_those_documented(registry: Taskstore, tmp_path: Path, section: str) -> None:
    sample = (ROOT / "samples" / "merge-sort-v1.yaml").read_text()
    (tmp_path / "altered.yaml").write_text(sample.replace("snacks:1.4", "snacks:9"))
    runs = [registry(*arguments, "--json", stdin=b"short_name: hello") for arguments in COMMANDS[section]]
    assert {run.code for run in runs} <= {0, 3}, runs
    check(section, [run.json for run in runs])


def test_the_fields_of_the_daemon_are_those_documented(
    registry: Taskstore, taskstored: Taskstore, tmp_path: Path
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "notes.txt").write_text("mine")
    samples = [ROOT / "samples" / name for name in ("retrain.json", "broken.yaml")]
    dropped = taskstored("drop", *samples, inbox, "--json")
    assert taskstored("run", inbox, "--once").code == 3
    waited = taskstored("drop", "--wait", samples[0], inbox, "--json")
    check("taskstored drop", [dropped.json, waited.json])
    waiting = {"inboxes": [{"waiting_files": [{"path": "", "why": ""}]}]}
    check("taskstored status", [taskstored("status", "--json").json, waiting])
    check("taskstore status", [registry("status", "--json").json])
