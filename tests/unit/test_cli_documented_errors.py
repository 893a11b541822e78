"""specs/cli.md names every error code, with the exit code that it comes with."""

from __future__ import annotations

import re
from pathlib import Path

from taskstore import errors
from taskstore.cli.errors import exit_code

DOCUMENT = Path(__file__).parent.parent.parent / "specs" / "cli.md"


def documented() -> dict[str, int]:
    """Each error code of the table of exit codes, with its exit code."""
    rows = re.findall(r"^\| (\d) \|.*\| ([^|]*) \|$", DOCUMENT.read_text(), re.MULTILINE)
    return {word: int(code) for code, words in rows for word in re.findall(r"`(\w+)`", words)}


def built() -> dict[str, int]:
    """Each error code of the library, with its exit code; and the two that only the command line has."""
    kinds = [kind for name in errors.__all__ if issubclass(kind := getattr(errors, name), errors.TaskstoreError)]
    return {"usage": 2, **{kind.code: exit_code(kind.__new__(kind)) for kind in kinds}}


def test_every_error_code_is_documented_with_its_exit_code() -> None:
    assert documented() == built()
