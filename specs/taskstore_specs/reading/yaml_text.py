"""Reading YAML 1.2 (core schema), one or several documents. `specs/adr/0001-yaml-reader.md` says why two parsers.

ryaml reads; it refuses duplicate keys and bounds nesting. What it does not refuse or bound (tags, keys that are no
text, aliases of long texts, flow nesting that takes it quadratic time) and where things stand, `YamlScan` tells; it is
slower, so it runs only for texts that might hold such a thing, and for errors.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

import ryaml

from taskstore_specs.errors import Problem, Rule
from taskstore_specs.findings import Path
from taskstore_specs.reading.text import NotReadableError, Parsed

if TYPE_CHECKING:
    from taskstore_specs.reading.yaml_scan import YamlScan

_FLOW_WORK = 100_000_000
"""Flow collections times characters: ryaml's time grows with depth times length, and stays below a second at this."""

_BEFORE = r"(?:^|[\s\[{,:-])"
_TAG = re.compile(_BEFORE + "!", re.MULTILINE)
_ANCHOR = re.compile(_BEFORE + r"&[^\s&]", re.MULTILINE)
_BINARY = re.compile(r"0b[01]+(?![^\s,\]}])")
_HUGE_EXPONENT = re.compile(r"[\d.][eE]\+?\d\d\d+(?![^\s,\]}])")
_LONGEST_MANTISSA = 400
_POSITION = re.compile(r" at line (\d+) column (\d+)")


def parse(text: str) -> Parsed:
    """The values in `text`, empty documents left out. Raises NotReadableError."""
    if _needs_scan(text):
        _refuse_findings(text)
    try:
        values = ryaml.loads_all(text) or []
    except ValueError as error:
        _refuse_findings(text)
        raise NotReadableError(_syntax_problem(str(error))) from error
    if not all(map(_has_text_keys, values)):
        _refuse_findings(text)
        raise NotReadableError(Problem("a key is no text", hint="put it in quotes", rule=Rule.WRONG_TYPE))
    return Parsed([value for value in values if value is not None], lambda wanted: _scan(text, wanted).marks)


def _scan(text: str, wanted: AbstractSet[Path] = frozenset()) -> YamlScan:
    from taskstore_specs.reading.yaml_scan import YamlScan  # PyYAML is seldom needed, and slow to import

    return YamlScan(text, wanted)


def _needs_scan(text: str) -> bool:
    """Whether `text` may hold something that ryaml takes and a manifest must not have. Cheap; errs on the safe side."""
    return (
        (text.count("[") + text.count("{")) * len(text) > _FLOW_WORK
        or ("!" in text and _TAG.search(text) is not None)
        or ("&" in text and _ANCHOR.search(text) is not None)
        or any(sign in text for sign in ("-0x", "+0x", "-0o", "+0o"))
        or _BINARY.search(text) is not None
        or any(_is_number(text, match.start()) for match in _HUGE_EXPONENT.finditer(text))
    )


def _is_number(text: str, exponent: int) -> bool:
    """Whether what stands before an exponent is a number alone, and not the rest of a hexadecimal version."""
    before = text[max(0, exponent - _LONGEST_MANTISSA) : exponent + 1].rstrip("0123456789.")
    return before[-1:] in ("", " ", "\t", "\r", "\n", "[", "{", ",", ":", "-", "+")


def _has_text_keys(value: Any) -> bool:
    kind = type(value)
    if kind is dict:
        return all(type(key) is str and _has_text_keys(item) for key, item in value.items())
    return kind is not list or all(map(_has_text_keys, value))


def _refuse_findings(text: str) -> None:
    scan = _scan(text)
    if scan.findings:
        raise NotReadableError(*scan.problems())
    if scan.broken:
        raise NotReadableError(scan.broken)


def _syntax_problem(message: str) -> Problem:
    found = _POSITION.search(message)
    line, column = (int(found[1]), int(found[2])) if found else (None, None)
    return Problem(f"not YAML: {_POSITION.sub('', message, count=1)}", "", line, column, rule=Rule.SYNTAX)
