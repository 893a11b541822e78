"""Differences as people read them: a line for what went and one for what came, by path."""

from __future__ import annotations

from typing import Any

from taskstore.cli.output import encode_json
from taskstore.plan.diff import Difference, Differences, DiffOperation


def write_differences(differences: Differences) -> str:
    """The differences as lines: `- path: value` for what goes, `+ path: value` for what comes."""
    lines = [line for change in differences.changes for line in _lines(change)]
    if differences.truncated:
        lines.append(f"… the first {len(differences.changes)} differences are shown")
    return "\n".join(lines)


def _lines(change: Difference) -> list[str]:
    gone = f"- {change.path}: {_value(change.before)}"
    come = f"+ {change.path}: {_value(change.after)}"
    match change.op:
        case DiffOperation.ADD:
            return [come]
        case DiffOperation.REMOVE:
            return [gone]
        case DiffOperation.REPLACE:
            return [gone, come]


def _value(value: Any) -> str:
    return value if isinstance(value, str) and value and value == value.strip() else _compact(value)


def _compact(value: Any) -> str:
    return " ".join(line.strip() for line in encode_json(value).splitlines())
