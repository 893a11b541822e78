"""What the README shows is what happens."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from taskstore.store.store import caller

ROOT = Path(__file__).parent.parent.parent
PROGRAMS = Path(sys.executable).parent
SHOWN_PLACE, SHOWN_CALLER = "/srv", "ada@cell7"
README = (ROOT / "README.md").read_text()

VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"), "TIME"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r" +"), " "),
)
"""What differs from run to run, and the width of columns with it."""


def blocks(language: str) -> list[str]:
    """The fenced blocks of the README in `language`."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def comparable(text: str) -> list[str]:
    """The lines of `text` with what varies put alike."""
    for pattern, name in VARYING:
        text = pattern.sub(name, text)
    return [line.strip() for line in text.splitlines()]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the samples in it."""
    if not (PROGRAMS / "taskstore").exists():
        pytest.skip("taskstore is not installed beside this Python: run `make test`")
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    return tmp_path


def run_shell(script: str, place: Path) -> str:
    """What bash prints when it runs `script` with our programs on its path."""
    environ = {"PATH": f"{PROGRAMS}:/usr/bin:/bin", "HOME": str(place)}
    done = subprocess.run(
        ["bash", "-c", script], cwd=place, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return done.stdout.replace(str(place), SHOWN_PLACE).replace(caller(), SHOWN_CALLER)


def test_the_console_shows_what_the_commands_print(place: Path) -> None:
    shown = "".join(blocks("console"))
    commands = re.findall(r"^\$ (.*)$", shown, re.MULTILINE)
    script = "\n".join(f"echo {shlex.quote(f'$ {command}')}\n{command}" for command in commands)
    assert comparable(run_shell(script, place)) == comparable(shown)


def test_the_library_snippet_runs_and_prints_what_it_says(place: Path) -> None:
    (snippet,) = blocks("python")
    expected = blocks("text")[0].splitlines()
    printed = subprocess.run([sys.executable, "-c", snippet], cwd=place, capture_output=True, text=True, check=True)
    assert printed.stdout.splitlines() == expected


def test_every_file_that_it_names_is_there() -> None:
    named = re.findall(r"\]\((?!https:)([^)]*)\)", README)
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_demo_runs(place: Path) -> None:
    demo = subprocess.run([sys.executable, ROOT / "samples" / "demo.py"], cwd=place, capture_output=True, text=True)
    assert demo.returncode == 0, demo.stderr
    assert "short_descripton" in demo.stdout
