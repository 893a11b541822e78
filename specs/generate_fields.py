"""Writes `taskstore_specs/fields.json`: the field names of every message that a manifest can hold.

Run it after an update of flyteidl2 (a development dependency): `python specs/generate_fields.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flyteidl2.project import project_service_pb2
from flyteidl2.task import task_service_pb2

TARGET = Path(__file__).parent / "taskstore_specs" / "fields.json"
ROOTS = (
    task_service_pb2.DeployTaskRequest.DESCRIPTOR,
    project_service_pb2.CreateProjectRequest.DESCRIPTOR,
)


def render() -> str:
    """The content that `fields.json` should have.

    An object of messages by full name; a message is an object of fields by proto name; a field is its lowerCamelCase
    name and what it holds: a message's full name, `map of` one, or "" for what has no field names of its own.
    """
    messages: dict[str, dict[str, list[str]]] = {}
    pending = list(ROOTS)
    while pending:
        message = pending.pop()
        if message.full_name in messages or _is_opaque(message):
            continue
        messages[message.full_name] = {field.name: [field.json_name, _holds(field)] for field in message.fields}
        pending += [held for field in message.fields if (held := _message_of(field)) is not None]
    lines = (f"{json.dumps(name)}: {json.dumps(fields)}" for name, fields in sorted(messages.items()))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _is_opaque(message: Any) -> bool:
    """Well-known types have a JSON form of their own, or hold the user's keys."""
    return bool(message.full_name.startswith("google.protobuf."))


def _message_of(field: Any) -> Any:
    """The message a field holds, or the values of its map; None for scalars and opaque messages."""
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        message = message.fields_by_name["value"].message_type
    return None if message is None or _is_opaque(message) else message


def _holds(field: Any) -> str:
    message = _message_of(field)
    if message is None:
        return ""
    return f"map of {message.full_name}" if field.message_type.GetOptions().map_entry else message.full_name


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
