"""Reading TOML 1.0: one document, or an array of tables `[[manifests]]` and nothing else."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time
from typing import Any

from taskstore_specs import limits
from taskstore_specs.errors import Problem, Rule
from taskstore_specs.findings import Finding, Path
from taskstore_specs.reading.marks import Marks, problem
from taskstore_specs.reading.text import NotReadableError, Parsed

DOCUMENTS_KEY = "manifests"
_KEY = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_DEEP_KEY = re.compile(rf"""(?<![\w"'.\\-])(?:{_KEY}[ \t]*+\.[ \t]*+){{{limits.NESTING}}}""")
"""A dotted key of more parts than a document may nest; tomllib takes quadratic time for these."""

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def parse(text: str) -> Parsed:
    """The values in `text`; offset date-times become RFC 3339 text. Raises NotReadableError."""
    if _DEEP_KEY.search(text):
        raise NotReadableError(_too_deep())
    try:
        value = tomllib.loads(text)
    except RecursionError as error:
        raise NotReadableError(_too_deep()) from error
    except ValueError as error:
        raise NotReadableError(_syntax_problem(str(error))) from error
    if not value:
        return Parsed([], _nowhere)
    documents = value.get(DOCUMENTS_KEY)
    values = [documents] if len(value) == 1 and isinstance(documents, list) else [value]
    findings: list[Finding] = []
    plain = [_plain(item, (number,), findings) for number, item in enumerate(values)]
    if findings:
        raise NotReadableError(*(problem(finding, {}, several=values[0] is documents) for finding in findings))
    return Parsed(plain, _nowhere)


def _nowhere(_: AbstractSet[Path]) -> Marks:
    """tomllib tells no positions of what it has read."""
    return {}


def _too_deep() -> Problem:
    return Problem(f"nested deeper than {limits.NESTING} levels", hint="flatten the document", rule=Rule.LIMIT)


def _syntax_problem(message: str) -> Problem:
    found = _POSITION.search(message)
    line, column = (int(found[1]), int(found[2])) if found and found[1] else (None, None)
    rule = Rule.DUPLICATE_KEY if "overwrite" in message or "twice" in message else Rule.SYNTAX
    return Problem(f"not TOML: {_POSITION.sub('', message)}", "", line, column, rule=rule)


def _plain(value: Any, path: Path, findings: list[Finding]) -> Any:
    if len(path) > limits.NESTING + 1:
        return None if isinstance(value, dict | list) else value
    if isinstance(value, dict):
        return {key: _plain(item, (*path, key), findings) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, (*path, index), findings) for index, item in enumerate(value)]
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat()
    if isinstance(value, datetime | date | time):
        hint = "write an offset, as in 2026-01-31T08:00:00Z, or put it in quotes"
        findings.append(Finding(Rule.BAD_VALUE, path, f"the time {value} does not say its offset from UTC", hint))
    return value
