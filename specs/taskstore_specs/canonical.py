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

from taskstore_specs.errors import InvalidInputError
from taskstore_specs.models import TaskSpec

_encoder = msgspec.json.Encoder(order="sorted")
_spec_decoder = msgspec.json.Decoder(TaskSpec)
_ASTRAL_KEY = re.compile(rb'[\xf0-\xf4][^"]*":')
"""A key beyond the basic multilingual plane, or a text that looks like one."""


class _OtherwiseWrittenError(Exception):
    """A float that RFC 8785 writes otherwise than msgspec."""


def _check_float(literal: str) -> float:
    if "e" in literal or literal.endswith(".0"):
        raise _OtherwiseWrittenError
    return 0.0


_float_checker = msgspec.json.Decoder(float_hook=_check_float)


def encode_canonical(value: Any) -> bytes:
    """The canonical JSON of any JSON value or message.

    Its numbers are normal, as the readers leave them: integers within 2^53 - 1, finite floats that are not integral
    (or are 1e21 and more), so that the form is a fixed point.
    """
    data = _encoder.encode(value)
    return data if _is_canonical(data) else _encode_slowly(value)


def _encode_slowly(value: Any) -> bytes:
    import rfc8785  # seldom needed, and a command should start without it

    return rfc8785.dumps(msgspec.to_builtins(value))


def _is_canonical(data: bytes) -> bool:
    """Whether JSON that msgspec wrote is surely what RFC 8785 asks for."""
    if not data.isascii() and _ASTRAL_KEY.search(data):
        return False
    try:
        _float_checker.decode(data)
    except _OtherwiseWrittenError:
        return False
    return True


def encode_spec(spec: TaskSpec) -> bytes:
    """The bytes that a specification is stored as, and that its digest is taken of."""
    return encode_canonical(spec)


def decode_spec(data: bytes) -> TaskSpec:
    """Read what `encode_spec` wrote. Raises InvalidInputError when `data` is no specification."""
    try:
        return _spec_decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError(f"not a stored specification: {error}") from error
