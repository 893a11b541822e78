"""The canonical form: one sequence of bytes for one value, RFC 8785 (JSON Canonicalization Scheme).

msgspec's sorted encoding is that form, many times faster than the `rfc8785` package, except for two things: floats
that msgspec writes with an exponent or as `1.0` where RFC 8785, following ECMAScript, does not; and keys beyond the
basic multilingual plane, which RFC 8785 sorts by UTF-16 code units and msgspec by code points. A value with either goes
through the package.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import rfc8785

from taskstore_specs.errors import InvalidInputError
from taskstore_specs.models import TaskSpec

_encoder = msgspec.json.Encoder(order="sorted")
_spec_decoder = msgspec.json.Decoder(TaskSpec)
_FLOATS = tuple(re.compile(before + rb"-?\d+(?:\.0[,}\]]|(?:\.\d+)?[eE])") for before in (rb":", rb",", rb"\["))
"""A float that may be written otherwise, or a text that looks like one; three patterns, found by their first bytes."""
_PLAIN_FROM, _PLAIN_BELOW = 1e-5, 1e16
"""Floats of this size, if they are not integral, msgspec writes as ECMAScript does: shortest, without exponent."""
_ASTRAL = re.compile(rb"[\xf0-\xf4]")


def encode_canonical(value: Any) -> bytes:
    """The canonical JSON of any JSON value or message.

    Its numbers are normal, as the readers leave them: integers within 2^53 - 1, finite floats that are not integral
    (or are 1e21 and more), so that the form is a fixed point.
    """
    data = _encoder.encode(value)
    if isinstance(value, float) or _may_need_care(data):
        plain = msgspec.to_builtins(value)
        if _needs_care(plain):
            return rfc8785.dumps(plain)
    return data


def _may_need_care(data: bytes) -> bool:
    return any(floats.search(data) for floats in _FLOATS) or (not data.isascii() and _ASTRAL.search(data) is not None)


def _needs_care(value: Any) -> bool:
    if isinstance(value, dict):
        return any(max(key, default="") > "\uffff" or _needs_care(item) for key, item in value.items())
    if isinstance(value, list):
        return any(map(_needs_care, value))
    return isinstance(value, float) and (value.is_integer() or not _PLAIN_FROM <= abs(value) < _PLAIN_BELOW)


def encode_spec(spec: TaskSpec) -> bytes:
    """The bytes that a specification is stored as, and that its digest is taken of."""
    return encode_canonical(spec)


def decode_spec(data: bytes) -> TaskSpec:
    """Read what `encode_spec` wrote. Raises InvalidInputError when `data` is no specification."""
    try:
        return _spec_decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError(f"not a stored specification: {error}") from error
