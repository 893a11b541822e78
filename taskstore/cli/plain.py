"""Values as JSON has them: the one spelling of times, digests and addresses in every format."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from taskstore.errors import TaskstoreError
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId, TaskName


def plain(value: Any) -> Any:
    """`value` as dicts, lists, texts, numbers, booleans and None.

    Times are RFC 3339 in UTC with microseconds, digests `blake3:<hex>`, tasks `project/domain/name@version`. A Struct
    is an object of its fields, in their order; one that leaves out its defaults (a part of a manifest) does so here.
    """
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, Digest | TaskId | TaskName | Path):
        return _text(str(value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, TaskstoreError):
        return describe(value)
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, msgspec.Struct):
        return _plain_struct(value)
    return [plain(item) for item in value]


def format_time(time: datetime) -> str:
    """An aware time as `2026-01-02T03:04:05.000006Z`."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def describe(error: TaskstoreError) -> dict[str, Any]:
    """What a program is told of an error: code, message, hint, and the facts that it carries."""
    facts = {name: fact for name, fact in vars(error).items() if not name.startswith("_")}
    return {"code": error.code, **{name: plain(fact) for name, fact in facts.items()}}


def _text(text: str) -> str:
    """`text`, with whatever is no Unicode, as the bytes of a file's name may be, written as `\\udcff`."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace").decode()
    return text


def _plain_struct(value: msgspec.Struct) -> Any:
    if value.__struct_config__.omit_defaults:
        return msgspec.to_builtins(value, enc_hook=str)
    return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
