"""What differs between two documents: field by field, by path, in a stable order, and never more than can be read."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from itertools import islice
from typing import Any

import msgspec

MOST_CHANGES = 1_000
MOST_VALUE_CHARACTERS = 2_000


class DiffOperation(Enum):
    """What happened at a path."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


class Difference(msgspec.Struct, frozen=True):
    """One place where two documents differ.

    `path` is written `taskTemplate.container.args[3]`; a key that is not a plain word is quoted: `labels["a.b"]`.
    A value that is not there is None; a string longer than MOST_VALUE_CHARACTERS is cut.
    """

    path: str
    op: DiffOperation
    before: Any = None
    after: Any = None


class Differences(msgspec.Struct, frozen=True):
    """The first MOST_CHANGES differences, and whether there are more."""

    changes: tuple[Difference, ...]
    truncated: bool = False


def diff(before: Any, after: Any) -> Differences:
    """Compare two JSON values. Keys in sorted order; arrays position by position."""
    found = list(islice(_compare("", before, after), MOST_CHANGES + 1))
    return Differences(tuple(found[:MOST_CHANGES]), truncated=len(found) > MOST_CHANGES)


def _compare(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _compare_item(_join(path, key), key, before, after)
    elif isinstance(before, list) and isinstance(after, list):
        olds, news = dict(enumerate(before)), dict(enumerate(after))
        for index in range(max(len(before), len(after))):
            yield from _compare_item(f"{path}[{index}]", index, olds, news)
    elif before != after or type(before) is not type(after):
        yield Difference(path, DiffOperation.REPLACE, _cut(before), _cut(after))


def _compare_item(path: str, key: Any, before: dict[Any, Any], after: dict[Any, Any]) -> Iterator[Difference]:
    if key not in before:
        yield Difference(path, DiffOperation.ADD, after=_cut(after[key]))
    elif key not in after:
        yield Difference(path, DiffOperation.REMOVE, before=_cut(before[key]))
    else:
        yield from _compare(path, before[key], after[key])


def _join(path: str, key: str) -> str:
    if key.isidentifier():
        return f"{path}.{key}" if path else key
    return f"{path}[{msgspec.json.encode(key).decode()}]"


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MOST_VALUE_CHARACTERS:
        return f"{value[:MOST_VALUE_CHARACTERS]}…"
    return value
