"""Reading JSON: one value, a list of documents, or JSON lines. Stricter than `json`: no duplicate keys, no half pairs.

NaN and the infinities are read as numbers, so that they are refused where they stand with every other bad number.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from taskstore_specs import limits
from taskstore_specs.errors import Problem, Rule
from taskstore_specs.reading.json_scan import JsonScan
from taskstore_specs.reading.text import NotReadableError, Parsed, place

_SPACE = re.compile(r"[ \t\r\n]*")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class _DuplicateKeyError(Exception):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _DuplicateKeyError
    return value


_decoder = json.JSONDecoder(object_pairs_hook=_object)


_UNSURE = object()


def _single(text: str) -> Any:
    """The one value that `text` is, several times faster than by `json`; _UNSURE if there may be anything else to say.

    msgspec keeps the last of duplicate keys. In a text without escapes each quote begins or ends a key or a text, so
    nothing was dropped if the value, written again, has as many.
    """
    if "\\" in text:
        return _UNSURE
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return _UNSURE
    return value if msgspec.json.encode(value).count(b'"') == text.count('"') else _UNSURE


def parse(text: str) -> Parsed:
    """The values in `text`, several if each begins on a new line. Raises NotReadableError."""
    try:
        values = _values(text)
    except _DuplicateKeyError as error:
        raise NotReadableError(*JsonScan(text).problems()) from error
    except json.JSONDecodeError as error:
        raise NotReadableError(Problem(f"not JSON: {error.msg}", "", error.lineno, error.colno)) from error
    except RecursionError as error:
        message, hint = f"nested deeper than {limits.NESTING} levels", "flatten the document"
        raise NotReadableError(Problem(message, hint=hint, rule=Rule.LIMIT)) from error
    except ValueError as error:
        raise NotReadableError(Problem("a number has too many digits", rule=Rule.BAD_NUMBER)) from error
    if _SURROGATE_ESCAPE.search(text):
        _refuse_lone_surrogates(text, values)
    return Parsed(values, lambda wanted: JsonScan(text, wanted).marks)


def _values(text: str) -> list[Any]:
    value = _single(text)
    if value is not _UNSURE:
        return [value]
    values: list[Any] = []
    position = _skip_space(text, 0)
    while position < len(text) and len(values) <= limits.DOCUMENTS_PER_MANIFEST:
        value, end = _decoder.raw_decode(text, position)
        values.append(value)
        position = _skip_space(text, end)
        if position < len(text) and "\n" not in text[end:position]:
            raise json.JSONDecodeError("more text after the value", text, position)
    return values


def _skip_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _refuse_lone_surrogates(text: str, values: list[Any]) -> None:
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        found = _SURROGATE_ESCAPE.search(text)
        mark = place(text, found.start() if found else 0)
        message, hint = "half of a surrogate pair is no character", "write both halves, or the character itself"
        raise NotReadableError(Problem(message, "", mark.line, mark.column, hint)) from error
