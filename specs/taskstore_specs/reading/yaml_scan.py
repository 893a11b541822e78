"""What a YAML text holds and where, from PyYAML's event stream: nothing is built, so nothing can grow.

Every bound is checked as the events come, so a hostile text is given up at the first thing that passes a limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from taskstore_specs import limits
from taskstore_specs.errors import Problem, Rule
from taskstore_specs.findings import Finding, shown
from taskstore_specs.reading.marks import Mark, Marks, respelled

_NULL = re.compile(r"~|null|Null|NULL|")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_TEXT = re.compile(
    rf"{_INTEGER.pattern}|{_FLOAT.pattern}|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    rf"|true|True|TRUE|false|False|FALSE|{_NULL.pattern}"
)
_ODD_NUMBER = re.compile(r"[-+]?0b[01]+|[-+]0o[0-7]+|[-+]0x[0-9a-fA-F]+")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _GivenUpError(Exception):
    pass


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


class YamlScan:
    """One pass over `text`: the `marks` of its keys and elements, and `findings` that a manifest must not have.

    A text that is no YAML ends the scan early, and `broken` says where and why.
    """

    def __init__(self, text: str) -> None:
        self.marks: Marks = {}
        self.findings: list[Finding] = []
        self.broken: Problem | None = None
        self._path: list[str | int] = [-1]
        self._open: list[_Collection] = []
        self._awaits_key = False
        self._anchors: dict[str, _Weight] = {}
        self._nodes = self._characters = self._repeated = 0
        try:
            for event in _events(text):
                self._take(event)
        except _GivenUpError:
            pass
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            self.broken = _broken(error)

    def _take(self, event: Any) -> None:
        if isinstance(event, yaml.CollectionEndEvent):
            self._close()
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors.clear()
        elif not isinstance(event, yaml.NodeEvent):
            return
        elif self._awaits_key:
            self._take_key(event)
        else:
            self._take_value(event)

    def _take_key(self, event: Any) -> None:
        if not isinstance(event, yaml.ScalarEvent) or event.tag:
            self._path.pop()
            self._give_up(Rule.WRONG_TYPE, "a key is no plain text", "only text can be a key")
        key = event.value
        repeated = key in self._open[-1].keys
        self._open[-1].keys.add(key)
        self._path[-1] = key
        self._awaits_key = False
        self._weigh(event)
        self._mark(event)
        if repeated:
            self._find(Rule.DUPLICATE_KEY, f"the key {shown(key)} is given twice", "keep one of them")
        if event.implicit[0] and _NO_TEXT.fullmatch(key):
            self._find(Rule.WRONG_TYPE, f"the key {key or 'null'} is no text", f'put it in quotes: "{key}"')

    def _take_value(self, event: Any) -> None:
        last = self._path[-1]
        if isinstance(last, int) and not (len(self._path) == 1 and _is_null(event)):
            self._path[-1] = last + 1
            self._mark(event)
        elif isinstance(event, yaml.ScalarEvent) and isinstance(last, str):
            self._note_written(event)
        if isinstance(event, yaml.AliasEvent):
            self._repeat(event.anchor)
        elif event.tag:
            self._find(Rule.UNSUPPORTED, f"the tag {_tag(event.tag)} is not read", "remove it; quote what is text")
        self._weigh(event)
        if isinstance(event, yaml.ScalarEvent):
            self._check_number(event)
            self._awaits_key = bool(self._open) and self._open[-1].is_mapping
        elif isinstance(event, yaml.CollectionStartEvent):
            self._push(event)
        else:
            self._awaits_key = bool(self._open) and self._open[-1].is_mapping

    def _push(self, event: Any) -> None:
        if len(self._open) > limits.NESTING:
            self._give_up(Rule.LIMIT, f"nested deeper than {limits.NESTING} levels", "flatten the document")
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._open.append(_Collection(is_mapping, event.anchor, self._nodes - 1, self._characters))
        self._path.append("" if is_mapping else -1)
        self._awaits_key = is_mapping

    def _close(self) -> None:
        closed = self._open.pop()
        self._path.pop()
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

    def _repeat(self, anchor: str | None) -> None:
        weight = self._anchors.get(anchor or "")
        if weight is None:
            self._give_up(Rule.SYNTAX, f"the alias *{anchor} has no anchor before it", f"define &{anchor} first")
        else:
            self._nodes += weight.nodes
            self._characters += weight.characters
            self._repeated += weight.nodes
            if self._repeated > limits.ALIAS_EXPANSION_NODES or self._characters > limits.MANIFEST_BYTES:
                self._give_up(Rule.LIMIT, "the aliases expand to too much", "write out what is meant")

    def _check_number(self, event: Any) -> None:
        text = event.value
        if not event.implicit[0]:
            return
        if _ODD_NUMBER.fullmatch(text):
            self._find(Rule.BAD_NUMBER, f"YAML readers disagree about {text}", "write it in decimal, or in quotes")
        elif _INTEGER.fullmatch(text):
            if len(text) > 15 and abs(float(text)) > limits.INTEGER:
                self._find(Rule.BAD_NUMBER, f"the number {shown(text)} is beyond 2^53 - 1", "put it in quotes")
        elif _FLOAT.fullmatch(text) and float(text) in (float("inf"), float("-inf")):
            self._find(Rule.BAD_NUMBER, f"the number {shown(text)} is too large", "put it in quotes")

    def _mark(self, event: Any) -> None:
        written = event.value if isinstance(event, yaml.ScalarEvent) and event.implicit[0] else None
        mark = Mark(event.start_mark.line + 1, event.start_mark.column + 1, written)
        self.marks.setdefault(respelled(self._path), mark)

    def _note_written(self, event: Any) -> None:
        path = respelled(self._path)
        if event.implicit[0] and path in self.marks:
            self.marks[path] = self.marks[path]._replace(written=event.value)

    def _find(self, rule: Rule, message: str, hint: str) -> None:
        self.findings.append(Finding(rule, tuple(self._path), message, hint))

    def _give_up(self, rule: Rule, message: str, hint: str) -> None:
        self._find(rule, message, hint)
        raise _GivenUpError


def _events(text: str) -> Iterator[Any]:
    return iter(yaml.parse(text, Loader=_LOADER))


def _is_null(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.implicit[0] and _NULL.fullmatch(event.value) is not None


def _broken(error: Exception) -> Problem:
    mark = getattr(error, "problem_mark", None)
    message = getattr(error, "problem", None) or str(error).partition("\n")[0]
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    return Problem(f"not YAML: {message}", "", line, column, rule=Rule.SYNTAX)


def _tag(tag: str) -> str:
    return shown(tag.replace("tag:yaml.org,2002:", "!!"))
