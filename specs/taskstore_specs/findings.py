"""What is found wrong inside a document, before it is known where that stands in the file."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from taskstore_specs.errors import Rule

Path = tuple[str | int, ...]
"""The way to a place in a document: field names, map keys and list indexes."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class Finding(NamedTuple):
    """One thing wrong with a document, at `path`."""

    rule: Rule
    path: Path
    message: str
    hint: str = ""


_LONGEST_SHOWN = 60


def shown(value: Any) -> str:
    """A value as a message names it: its kind, or its text, cut where it is long."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def render(path: Path) -> str:
    """`path` for people: `triggers[0].spec.inputs`; a key that is no plain word is quoted, `labels["a.b"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif len(step) <= _LONGEST_SHOWN and _PLAIN.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{shown(step)}]"
    return text
