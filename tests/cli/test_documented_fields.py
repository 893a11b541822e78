"""specs/cli.md documents every field of every command's JSON, and none that is not there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Taskstore = Callable[..., Any]
ROOT = Path(__file__).parent.parent.parent
TASK = "flytesnacks/development/core.control_flow.run_merge_sort"

COMMANDS: dict[str, list[list[str]]] = {
    "taskstore init": [["init", "../another"]],
    "taskstore project": [["project", "list"], ["project", "create", "another"]],
    "taskstore deploy": [["deploy", str(ROOT / "samples")]],
    "taskstore list": [["list"]],
    "taskstore versions": [["versions", TASK]],
    "taskstore show": [["show", TASK]],
    "taskstore spec": [["spec", "put", "-"]],
    "taskstore trigger list": [["trigger", "list"]],
    "taskstore status": [["status"]],
    "taskstore rebuild": [["rebuild"]],
    "taskstore fsck": [["fsck"]],
    "taskstore repair": [["repair", "--from", "."]],
    "taskstore gc": [["gc"]],
}
"""What each section of the document describes, as commands to run on the deployed samples."""

OPAQUE = {"spec", "task.deployed_triggers", "triggers[].definition", "results[].error"}
"""Objects that are described where they come from, or whose names are the user's."""


def sections() -> dict[str, set[str]]:
    """The documented fields by section, with those that are said to be as elsewhere filled in."""
    _, *parts = re.split(r"^### `(.*)`$", (ROOT / "specs" / "cli.md").read_text(), flags=re.MULTILINE)
    found = {
        name: set(re.findall(r"^\| `([\w.\[\]*]+)` \|", text, re.MULTILINE))
        for name, text in zip(parts[::2], parts[1::2], strict=True)
    }
    triggers = {field for field in found["taskstore trigger list"] if field.startswith("triggers[]")}
    for name, fields in found.items():
        if "triggers[].*" in fields:
            found[name] = fields - {"triggers[].*"} | triggers
    return found


def fields_of(value: Any, path: str = "") -> Iterator[str]:
    """The path of every field within a JSON value; a list is its items."""
    if isinstance(value, dict) and path not in OPAQUE:
        for name, item in value.items():
            yield from fields_of(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for item in value:
            yield from fields_of(item, f"{path}[]")
    else:
        yield path


def test_every_section_is_run() -> None:
    assert set(COMMANDS) == {name for name in sections() if name.startswith("taskstore ")}


@pytest.mark.parametrize("section", COMMANDS)
def test_the_fields_are_those_documented(registry: Taskstore, section: str) -> None:
    found: set[str] = set()
    for arguments in COMMANDS[section]:
        run = registry(*arguments, "--json", stdin=b"short_name: hello")
        assert run.code in (0, 3), run.err
        found |= set(fields_of(run.json))
    assert found == {field.removesuffix("[]") for field in sections()[section]}
