"""One spelling and one form of numbers for a document, whatever way it was written.

proto3 JSON lets a field be written `task_template` or `taskTemplate`; which keys are field names, and which are the
user's (map keys, Structs), only the message types tell. `fields.json` has them, generated from flyteidl2 by
`specs/generate_fields.py`. The rules are those of the ProtoJSON mapping (https://protobuf.dev/programming-guides/json).
"""

from __future__ import annotations

import json
import pathlib
from typing import Any, NamedTuple

from taskstore_specs import limits
from taskstore_specs.errors import Rule
from taskstore_specs.findings import Finding, Path

_FIRST_EXPONENT = 1e21
"""RFC 8785 writes numbers from here on with an exponent, so they read back as the same float."""

_ENGINE_PARTS = ("TaskTemplate", "NamedParameter", "Inputs", "OffloadedInputData", "RunSpec")


class Message:
    """A message type: how each spelling of a field is normally spelled, and what that field holds.

    In a `typed` message a null field is an absent one, as in proto3; in the engine's parts it is kept.
    """

    __slots__ = ("fields", "name", "typed")

    def __init__(self, name: str) -> None:
        self.name = name
        self.typed = False
        self.fields: dict[str, tuple[str, Shape]] = {}


class MapOf(NamedTuple):
    """A map whose keys are the user's and whose values are messages."""

    values: Message


Shape = Message | MapOf | None
"""What a field holds; None is a scalar, or a Struct, Value, Any or map of scalars: nothing with field names."""

_Trail = tuple[Any, ...]
"""The way here, as nested pairs (cheap to extend): `((), "spec")`, `(((), "spec"), "environment")`."""


def _load() -> dict[str, Message]:
    table = json.loads(pathlib.Path(__file__).with_name("fields.json").read_bytes())
    messages = {name: Message(name) for name in table}
    for name, fields in table.items():
        for proto, (camel, holds) in fields.items():
            shape: Shape = messages.get(holds)
            if holds.startswith("map of "):
                shape = MapOf(messages[holds.removeprefix("map of ")])
            messages[name].fields[proto] = messages[name].fields[camel] = (camel, shape)
    return messages


def _mark_typed(message: Message) -> None:
    if message.typed or message.name.rpartition(".")[2] in _ENGINE_PARTS:
        return
    message.typed = True
    for _, shape in message.fields.values():
        if isinstance(shape, Message):
            _mark_typed(shape)


_messages = _load()
DEPLOY_TASK_REQUEST = _messages["flyteidl2.task.DeployTaskRequest"]
TASK_SPEC = _messages["flyteidl2.task.TaskSpec"]
TASK_TRIGGER = _messages["flyteidl2.task.TaskTrigger"]
CREATE_PROJECT_REQUEST = _messages["flyteidl2.project.CreateProjectRequest"]
_DOCUMENT = Message("document")
for _root in (TASK_SPEC, CREATE_PROJECT_REQUEST, DEPLOY_TASK_REQUEST):
    _DOCUMENT.fields |= _root.fields
_mark_typed(DEPLOY_TASK_REQUEST)
_mark_typed(CREATE_PROJECT_REQUEST)


def normalise(document: dict[str, Any], message: Message) -> tuple[dict[str, Any], list[Finding]]:
    """Bring `document`, which should be a `message`, to lowerCamelCase, and its integral floats to integers.

    Returns a new document and what is wrong: one field in both spellings, numbers that JSON programs do not agree on,
    nesting beyond the limit. Unknown keys stay. What is wrong is left out of the new
    document, or is null in a list.
    """
    findings: list[Finding] = []
    return _fields(document, message, (), 0, findings), findings


def spelled(path: Path) -> Path:
    """A path in a document, as it was written, with the fields in it in lowerCamelCase."""
    steps: list[str | int] = []
    shape: Shape = _DOCUMENT
    for step in path:
        name = step
        if isinstance(step, str):
            if isinstance(shape, Message):
                name, shape = shape.fields.get(step, (step, None))
            else:
                shape = shape.values if shape else None
        steps.append(name)
    return tuple(steps)


def _fields(
    given: dict[str, Any], message: Message, trail: _Trail, depth: int, findings: list[Finding]
) -> dict[str, Any]:
    normal: dict[str, Any] = {}
    for key, value in given.items():
        field = message.fields.get(key)
        name, shape = field or (key, None)
        if name in normal:
            findings.append(_both_spellings(name, trail))
            continue
        kind = type(value)
        if kind is str or kind is bool:
            normal[name] = value
        elif value is None:
            if field is None or not message.typed:
                normal[name] = None
        else:
            inner = _value(value, shape, (trail, name), depth + 1, findings)
            if inner is not None:
                normal[name] = inner
    return normal


def _value(value: Any, shape: Shape, trail: _Trail, depth: int, findings: list[Finding]) -> Any:
    """`value` in its normal form; None is null, and what is wrong."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int or kind is float:
        return _number(value, trail, findings)
    if depth >= limits.NESTING:
        findings.append(
            Finding(Rule.LIMIT, _path(trail), f"nested deeper than {limits.NESTING} levels", "flatten the document")
        )
        return None
    if kind is list:
        return [
            item if type(item) is str else _value(item, shape, (trail, index), depth + 1, findings)
            for index, item in enumerate(value)
        ]
    if type(shape) is Message:
        return _fields(value, shape, trail, depth, findings)
    inner = shape.values if type(shape) is MapOf else None
    return {
        key: item if type(item) is str else _value(item, inner, (trail, key), depth + 1, findings)
        for key, item in value.items()
    }


def _number(value: float, trail: _Trail, findings: list[Finding]) -> float | None:
    if -limits.INTEGER <= value <= limits.INTEGER:
        whole = int(value)
        return whole if whole == value else value
    if isinstance(value, float) and _FIRST_EXPONENT <= abs(value) < float("inf"):
        return value
    if value != value or abs(value) == float("inf"):
        message, hint = f"{value} is no JSON number", 'write it as text, "NaN" or "Infinity", as proto3 JSON does'
    else:
        message = f"the number {value} is beyond 2^53 - 1, where programs no longer agree on it"
        hint = "write it as text, in quotes, as proto3 JSON does with 64-bit integers"
    findings.append(Finding(Rule.BAD_NUMBER, _path(trail), message, hint))
    return None


def _both_spellings(name: str, trail: _Trail) -> Finding:
    return Finding(
        Rule.DUPLICATE_KEY, (*_path(trail), name), f"the field {name} is given in both spellings", "keep one of them"
    )


def _path(trail: _Trail) -> Path:
    steps: list[str | int] = []
    while trail:
        trail, step = trail
        steps.append(step)
    return tuple(reversed(steps))
