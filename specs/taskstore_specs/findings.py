"""What is found wrong inside a document, before it is known where that stands in the file."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

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


def render(path: Path) -> str:
    """`path` for people: `triggers[0].spec.inputs`; a key that is no plain word is quoted, `labels["a.b"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text
