"""A message as a JSON document and back, by the proto3 JSON mapping: what a manifest file holds is what a wire carries.

https://protobuf.dev/programming-guides/json
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from flyteidl2.task.task_service_pb2 import DeployTaskRequest
from google.protobuf.json_format import Error, MessageToDict, ParseDict
from google.protobuf.message import Message

from taskstore.errors import InvalidInputError
from taskstore_specs.models import DeployTask

Kind = TypeVar("Kind", bound=Message)


def to_document(message: Message) -> dict[str, Any]:
    """`message` as a JSON document in lowerCamelCase, nothing lost.

    Raises InvalidInputError when it has fields that the installed flyteidl2 does not know, which would be lost, or
    values that JSON has none for.
    """
    if _has_unknown_fields(message):
        raise InvalidInputError(
            f"the {message.DESCRIPTOR.name} has fields that are unknown here",
            hint="it was made by a newer Flyte: install the flyteidl2 of that version beside taskstore",
        )
    try:
        return MessageToDict(message)
    except Error as error:
        raise InvalidInputError(f"the {message.DESCRIPTOR.name} has no JSON form: {error}") from error


def to_json(message: Message) -> bytes:
    """`message` as the bytes of a manifest. Raises InvalidInputError as `to_document`."""
    return msgspec.json.encode(to_document(message))


def to_message(document: Any, kind: type[Kind]) -> Kind:
    """The `kind` that `document` (plain values, or a model of `taskstore_specs`) says.

    What `kind` has no field for is left out, as between any two versions of a protocol. Raises InvalidInputError when
    a value does not fit its field.
    """
    message = kind()
    try:
        ParseDict(msgspec.to_builtins(document), message, ignore_unknown_fields=True)
    except Error as error:
        raise InvalidInputError(f"not a {message.DESCRIPTOR.name}: {error}") from error
    return message


def encode_request(request: DeployTask) -> bytes:
    """A deploy request in the wire form, the same bytes for the same request and version of protobuf."""
    return to_message(request, DeployTaskRequest).SerializeToString(deterministic=True)


def _has_unknown_fields(message: Message) -> bool:
    # Walking the message in Python would take ten times as long as dropping them from a copy.
    known = type(message)()
    known.CopyFrom(message)
    known.DiscardUnknownFields()
    return known.ByteSize() != message.ByteSize()
