"""From what was found inside a document to the problem a person reads: which document, line and column."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import NamedTuple

from taskstore_specs.errors import Problem
from taskstore_specs.findings import Finding, Path, render
from taskstore_specs.spelling import spelled

QUOTE_IT = "put it in quotes"
"""The hint for a value that YAML takes for something else than the text it was meant as."""


class Mark(NamedTuple):
    """A place in a text, counted from 1, and the scalar that was written there, as it was written."""

    line: int
    column: int
    written: str | None = None


Marks = dict[Path, Mark]
"""Where things stand, by `respelled` path.

A path here begins with the number of the value in the file, from 0; where that value is a list of documents, the number
of the document follows.
"""


def respelled(path: Iterable[str | int]) -> Path:
    """`path` in the one spelling that marks are looked up by, since findings name fields in lowerCamelCase."""
    return tuple(step if isinstance(step, int) else _camel(step) for step in path)


def _camel(key: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), key) if "_" in key else key


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z0-9])[A-Z]", lambda match: f"_{match[0].lower()}", key)


def places(findings: Iterable[Finding]) -> set[Path]:
    """The respelled paths of findings and of all that they are inside: where one may be said to stand."""
    paths = {respelled(finding.path) for finding in findings}
    return {path[:length] for path in paths for length in range(1, len(path) + 1)}


def problem(finding: Finding, marks: Marks, *, several: bool) -> Problem:
    """`finding`, whose path begins as those of `marks` do, as a problem; `several` documents are told apart."""
    number, inside = _document(finding.path)
    mark = _nearest(finding.path, marks)
    label = f"document {number + 1}" if several else ""
    path = ": ".join(part for part in (label, render(spelled(inside))) if part)
    line, column, written = mark or (None, None, None)
    hint = f'{QUOTE_IT}: "{written}"' if written and finding.hint == QUOTE_IT else finding.hint
    return Problem(finding.message, path, line, column, hint, finding.rule)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems as they stand in the file; those without a line keep their order, first."""
    return tuple(sorted(problems, key=lambda found: (found.line or 0, found.column or 0)))


def nearest_name(name: str, known: Iterable[str]) -> str:
    """A hint with the name that was probably meant, in the spelling that the writer uses."""
    spell = _snake if "_" in name else str
    names = sorted(known)
    close = difflib.get_close_matches(_camel(name), names, n=1, cutoff=0.6)
    return f"did you mean `{spell(close[0])}`?" if close else f"known names: {', '.join(map(spell, names))}"


def _document(path: Path) -> tuple[int, Path]:
    match path:
        case (int(), int(number), *inside) | (int(number), *inside):
            return number, tuple(inside)
    raise ValueError(f"the path of a finding begins with a number: {path!r}")


def _nearest(path: Path, marks: Marks) -> Mark | None:
    wanted = respelled(path)
    while wanted and wanted not in marks:
        wanted = wanted[:-1]
    return marks.get(wanted)
