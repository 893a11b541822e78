"""`taskstore bundle`: between two stores, as people carry it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("no_network")

Taskstore = Callable[..., Any]
ROOT = Path(__file__).parent.parent.parent
MANIFEST = """
task_id: {{project: flytesnacks, domain: development, name: carried, version: v1}}
spec: {{task_template: {{image: '{image}'}}}}
"""


@pytest.fixture
def site(registry: Taskstore, tmp_path: Path) -> Path:
    """An empty store beside the one with the samples."""
    folder = tmp_path / "site"
    assert registry("init", folder).code == 0
    return folder


@pytest.fixture
def bundle(registry: Taskstore, tmp_path: Path) -> Path:
    """Everything of the store with the samples."""
    path = tmp_path / "all.tar"
    assert registry("bundle", "create", path).code == 0
    return path


def deploy(registry: Taskstore, image: str, store: Path | None = None) -> None:
    named = ["--store", store] if store else []
    assert registry("deploy", "-", *named, stdin=MANIFEST.format(image=image).encode()).code == 0


def fields_of(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from fields_of(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield from fields_of(value[0], f"{path}[]")
    else:
        yield path


def documented(command: str) -> set[str]:
    text = (ROOT / "specs" / "cli.md").read_text().partition(f"### `taskstore bundle {command}`\n")[2]
    return {
        field.removesuffix("[]") for field in re.findall(r"^\| `([\w.\[\]]+)` \|", text.partition("\n### ")[0], re.M)
    }


def test_a_store_is_copied_and_followed_by_receipts(
    registry: Taskstore, site: Path, bundle: Path, tmp_path: Path
) -> None:
    assert registry("bundle", "apply", bundle, "--store", site).code == 0
    deploy(registry, "second")
    assert registry("bundle", "receipt", tmp_path / "receipt", "--store", site).code == 0
    delta = registry("bundle", "create", tmp_path / "delta.tar", "--receipt", tmp_path / "receipt", "--json").json
    assert (delta["entries"], delta["changes"], delta["blobs"]) == (1, 1, 1)
    assert registry("bundle", "apply", tmp_path / "delta.tar", "--store", site).code == 0
    ours = registry("list", "--all", "--json").json["tasks"]
    assert registry("list", "--all", "--json", "--store", site).json["tasks"] == ours


def test_the_fields_are_those_documented(registry: Taskstore, site: Path, tmp_path: Path) -> None:
    deploy(registry, "theirs")
    assert registry("init", tmp_path / "other").code == 0
    assert registry("project", "create", "flytesnacks", "--store", site).code == 0
    deploy(registry, "ours", site)
    out = tmp_path / "all.tar"
    answers = {
        "create": registry("bundle", "create", out, "--json"),
        "inspect": registry("bundle", "inspect", out, "--json"),
        "verify": registry("bundle", "verify", out, "--store", site, "--json"),
        "apply": registry("bundle", "apply", out, "--store", site, "--on-conflict", "theirs", "--json"),
        "receipt": registry("bundle", "receipt", tmp_path / "receipt", "--store", site, "--json"),
    }
    assert {name: run.code for name, run in answers.items()} == {**dict.fromkeys(answers, 0), "verify": 5}
    for name, run in answers.items():
        assert set(fields_of(run.json)) == documented(name), name


def test_a_contradiction_is_refused_with_a_table(registry: Taskstore, site: Path, bundle: Path, tmp_path: Path) -> None:
    assert registry("bundle", "apply", bundle, "--store", site).code == 0
    deploy(registry, "theirs")
    deploy(registry, "ours", site)
    assert registry("bundle", "create", tmp_path / "delta.tar", "--since", "1").code == 0
    refused = registry("bundle", "apply", tmp_path / "delta.tar", "--store", site)
    assert refused.code == 5
    assert "flytesnacks/development/carried@v1" in refused.err and "OURS" in refused.err
    assert registry("bundle", "apply", tmp_path / "delta.tar", "--store", site, "--on-conflict", "ours").code == 0


def test_a_gap_names_the_entry_to_ask_for(registry: Taskstore, site: Path, tmp_path: Path) -> None:
    assert registry("bundle", "create", tmp_path / "delta.tar", "--since", "1").code == 0
    refused = registry("bundle", "apply", tmp_path / "delta.tar", "--store", site)
    assert refused.code == 5
    assert "--since 0" in refused.err


def test_parts_are_taken_in_any_order_and_a_missing_one_is_named(
    registry: Taskstore, site: Path, tmp_path: Path
) -> None:
    for number in range(3):
        deploy(registry, str(number) * 60_000)
    made = registry("bundle", "create", tmp_path / "big.tar", "--max-part", "64K", "--json").json
    parts = made["files"]
    assert len(parts) > 2
    missing = registry("bundle", "apply", *parts[:1], *parts[2:], "--store", site)
    assert missing.code == 3
    assert f"part 2 of {len(parts)} is missing" in missing.err
    assert registry("bundle", "apply", *reversed(parts), "--store", site).code == 0


def test_only_what_is_signed_is_taken_where_that_is_required(registry: Taskstore, bundle: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    cell = tmp_path / "cell"
    assert registry("init", cell, "--signatures", "required").code == 0
    assert registry("bundle", "apply", bundle, "--store", cell).code == 8
    signed = tmp_path / "signed.tar"
    assert registry("bundle", "create", signed, "--sign", key).code == 0
    refused = registry("bundle", "apply", signed, "--store", cell, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (8, "signature_key_unknown")
    public = Path(f"{key}.pub").read_text()
    (cell / "allowed_signers").write_text(f"upstream@example.org {public}")
    taken = registry("bundle", "apply", signed, "--store", cell, "--json").json["bundles"][0]
    assert taken["signed_by"] == "upstream@example.org"


def test_the_same_facts_give_the_same_bytes(registry: Taskstore, bundle: Path, tmp_path: Path) -> None:
    assert registry("bundle", "create", tmp_path / "again.tar").code == 0
    assert (tmp_path / "again.tar").read_bytes() == bundle.read_bytes()


def test_an_existing_file_is_not_overwritten(registry: Taskstore, bundle: Path) -> None:
    before = bundle.read_bytes()
    assert registry("bundle", "create", bundle).code == 5
    assert bundle.read_bytes() == before


@pytest.mark.parametrize("arguments", [["--since", "1", "--receipt", "x"], ["--max-part", "huge"]])
def test_nonsense_is_a_usage_error(registry: Taskstore, tmp_path: Path, arguments: list[str]) -> None:
    assert registry("bundle", "create", tmp_path / "out.tar", *arguments).code == 2
    assert not (tmp_path / "out.tar").exists()


def on_terminal(*arguments: str | Path) -> tuple[str, str]:
    """What `taskstore` writes to a pipe as its stdout, and to a terminal as its stderr."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "taskstore.cli.main", *map(str, arguments)]
    packages = os.pathsep.join(str(ROOT / part) for part in ("", "daemon", "specs"))
    environment = {**os.environ, "PYTHONPATH": packages, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment, text=True) as running:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # how Linux tells that nobody has the terminal open any more
            while more := os.read(ours, 4096):
                shown += more
        os.close(ours)
        assert running.stdout is not None
        said = running.stdout.read()
    assert running.returncode == 0, shown
    return said, shown.decode()


def test_a_terminal_shows_how_far_it_is_and_a_pipe_does_not(
    registry: Taskstore, store: Path, site: Path, tmp_path: Path
) -> None:
    made, packing = on_terminal("bundle", "create", tmp_path / "seen.tar", "--store", store, "--json")
    taken, taking = on_terminal("bundle", "apply", tmp_path / "seen.tar", "--store", site, "--json")
    assert json.loads(made)["entries"] and json.loads(taken)["bundles"]
    for label, shown in (("Packing", packing), ("Taking in", taking)):
        assert label in shown and "100%" in shown
    again = registry("bundle", "verify", tmp_path / "seen.tar", "--store", site)
    assert (again.code, again.err) == (0, "")
