"""What a YAML text holds and where, from PyYAML's event stream: nothing is built, so nothing can grow.

Every bound is checked as the events come, so a hostile text is given up at the first thing that passes a limit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, NoReturn

import yaml

from taskstore_specs import limits
from taskstore_specs.errors import Problem, Rule
from taskstore_specs.findings import Path, shown
from taskstore_specs.reading.marks import QUOTE_IT, Mark, respelled
from taskstore_specs.reading.scan import GivenUpError, Scan

_NULL = re.compile(r"~|null|Null|NULL|")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_TEXT = re.compile(
    rf"{_INTEGER.pattern}|{_FLOAT.pattern}|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    rf"|true|True|TRUE|false|False|FALSE|{_NULL.pattern}"
)
_ODD_NUMBER = re.compile(r"[-+]?0b[01]+|[-+]0o[0-7]+|[-+]0x[0-9a-fA-F]+")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Weight(NamedTuple):
    """How much an anchored value adds wherever it is repeated."""

    nodes: int
    characters: int


class _Collection:
    """A mapping or sequence that is being read."""

    __slots__ = ("anchor", "characters_before", "is_mapping", "keys", "nodes_before")

    def __init__(self, is_mapping: bool, anchor: str | None, nodes_before: int, characters_before: int) -> None:
        self.is_mapping = is_mapping
        self.anchor = anchor
        self.nodes_before = nodes_before
        self.characters_before = characters_before
        self.keys: set[str] = set()


class YamlScan(Scan):
    """One pass over `text`. What is no YAML ends it early, and `broken` says where and why."""

    def __init__(self, text: str, wanted: AbstractSet[Path] = frozenset()) -> None:
        super().__init__(wanted)
        self.broken: Problem | None = None
        self._open: list[_Collection] = []
        self._awaits_key = False
        self._key_mark = Mark(1, 1)
        self._anchors: dict[str, _Weight] = {}
        self._nodes = self._characters = self._repeated = 0
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                self._take(event)
        except GivenUpError:
            pass
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            self.broken = _broken(error)

    def _take(self, event: Any) -> None:
        if isinstance(event, yaml.CollectionEndEvent):
            self._close()
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors.clear()
        elif isinstance(event, yaml.NodeEvent):
            self._weigh(event)
            if self._awaits_key:
                self._take_key(event)
            else:
                self._take_value(event)

    def _take_key(self, event: Any) -> None:
        self._key_mark = mark = _mark(event)
        if not isinstance(event, yaml.ScalarEvent) or event.tag:
            self.path.pop()
            self._give_up(mark, Rule.WRONG_TYPE, "a key is no plain text", "only text can be a key")
        key, keys = event.value, self._open[-1].keys
        self.path[-1] = key
        self._awaits_key = False
        self.note(mark)
        if key in keys:
            self.find(mark, Rule.DUPLICATE_KEY, f"the key {shown(key)} is given twice", "keep one of them")
        keys.add(key)
        if event.implicit[0] and _NO_TEXT.fullmatch(key):
            self.find(mark, Rule.WRONG_TYPE, f"the key {key or 'null'} is no text", f'put it in quotes: "{key}"')

    def _take_value(self, event: Any) -> None:
        mark = self._place_value(event)
        if isinstance(event, yaml.AliasEvent):
            self._repeat(event.anchor, mark)
        elif event.tag:
            self.find(mark, Rule.UNSUPPORTED, f"the tag {_tag(event.tag)} is not read", "remove it; quote what is text")
        if isinstance(event, yaml.CollectionStartEvent):
            self._push(event, mark)
            return
        if isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
            self._note_written(event.value)
            self._check_number(event.value, mark)
        self._awaits_key = bool(self._open) and self._open[-1].is_mapping

    def _place_value(self, event: Any) -> Mark:
        """Step on to a value, over empty documents. It stands where its key does, or where it begins in a list."""
        last = self.path[-1]
        if isinstance(last, str):
            return self._key_mark
        if len(self.path) > 1 or not _is_null(event):
            self.path[-1] = last + 1
            self.note(_mark(event))
        return _mark(event)

    def _push(self, event: Any, mark: Mark) -> None:
        if len(self._open) > limits.NESTING:
            self._give_up(mark, Rule.LIMIT, f"nested deeper than {limits.NESTING} levels", "flatten the document")
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._open.append(_Collection(is_mapping, event.anchor, self._nodes - 1, self._characters))
        self.path.append("" if is_mapping else -1)
        self._awaits_key = is_mapping

    def _close(self) -> None:
        closed = self._open.pop()
        self.path.pop()
        if closed.anchor:
            weight = _Weight(self._nodes - closed.nodes_before, self._characters - closed.characters_before)
            self._anchors[closed.anchor] = weight
        self._awaits_key = bool(self._open) and self._open[-1].is_mapping

    def _weigh(self, event: Any) -> None:
        self._nodes += 1
        if isinstance(event, yaml.ScalarEvent):
            self._characters += len(event.value)
            if event.anchor:
                self._anchors[event.anchor] = _Weight(1, len(event.value))

    def _repeat(self, anchor: str | None, mark: Mark) -> None:
        weight = self._anchors.get(anchor or "")
        if weight is None:
            message, hint = f"the alias *{anchor} has no anchor before it", f"define &{anchor} first"
            self._give_up(mark, Rule.SYNTAX, message, hint)
        self._nodes += weight.nodes
        self._characters += weight.characters
        self._repeated += weight.nodes
        if self._repeated > limits.ALIAS_EXPANSION_NODES or self._characters > limits.MANIFEST_BYTES:
            self._give_up(mark, Rule.LIMIT, "the aliases expand to too much", "write out what is meant")

    def _check_number(self, text: str, mark: Mark) -> None:
        if _ODD_NUMBER.fullmatch(text):
            message, hint = f"YAML readers disagree about {shown(text)}", "write it in decimal, or in quotes"
        elif _INTEGER.fullmatch(text) and len(text) > 15 and abs(float(text)) > limits.INTEGER:
            message, hint = f"the number {shown(text)} is beyond 2^53 - 1", QUOTE_IT
        elif _FLOAT.fullmatch(text) and math.isinf(float(text)):
            message, hint = f"the number {shown(text)} is too large", QUOTE_IT
        else:
            return
        self.find(mark, Rule.BAD_NUMBER, message, hint)

    def _note_written(self, text: str) -> None:
        place = respelled(self.path)
        if place in self.marks:
            self.marks[place] = self.marks[place]._replace(written=text)

    def _give_up(self, mark: Mark, rule: Rule, message: str, hint: str) -> NoReturn:
        self.find(mark, rule, message, hint)
        raise GivenUpError


def _mark(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)


def _is_null(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.implicit[0] and _NULL.fullmatch(event.value) is not None


def _broken(error: Exception) -> Problem:
    mark = getattr(error, "problem_mark", None)
    message = getattr(error, "problem", None) or str(error).partition("\n")[0]
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    return Problem(f"not YAML: {message}", "", line, column, rule=Rule.SYNTAX)


def _tag(tag: str) -> str:
    return shown(tag.replace("tag:yaml.org,2002:", "!!"))
