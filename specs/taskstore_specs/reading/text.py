"""What the three formats share: the text of a file and what was read from it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from taskstore_specs import limits
from taskstore_specs.errors import Problem, Rule
from taskstore_specs.findings import Path
from taskstore_specs.reading.marks import Mark, Marks


class NotReadableError(Exception):
    """A text that is not of its format; becomes a ManifestError where the source is known."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems)
        self.problems = problems


class Parsed(NamedTuple):
    """The values of a text, in order, and how to find out where some paths stand (slow; only for errors)."""

    values: list[Any]
    locate: Callable[[AbstractSet[Path]], Marks]


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8, with or without a byte order mark. Raises NotReadableError."""
    if len(data) > limits.MANIFEST_BYTES:
        hint = f"at most {limits.MANIFEST_BYTES} bytes are read; split it"
        raise NotReadableError(Problem(f"the file has {len(data)} bytes", hint=hint, rule=Rule.LIMIT))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        mark = place(before, len(before))
        raise NotReadableError(
            Problem("the file is not UTF-8 text", "", mark.line, mark.column, "save it as UTF-8")
        ) from error


def place(text: str, offset: int) -> Mark:
    """The line and column of a character of `text`."""
    return Mark(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
