"""Pages: how many rows, in which order, and where the next one begins.

A token names the journal entry that the first page was read at and the last row that was given out. The next page is
read as of the same entry and begins behind that row, so what is deployed between two pages moves nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from taskstore.errors import InvalidQueryError
from taskstore_specs.digest import Digest

DEFAULT_LIMIT = 50
MOST_LIMIT = 200

TOKEN_CHARACTERS = 64 * 1024


class OrderKey(msgspec.Struct, frozen=True):
    """A column to order by, and the type of its values as the database gives them."""

    column: str
    type: type
    descending: bool = False

    @property
    def sql(self) -> str:
        """The key in an ORDER BY."""
        return f'"{self.column}" {"DESC" if self.descending else "ASC"}'


class _Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    query: str
    sequence: int
    key: tuple[str | int | bool, ...]


class Position(msgspec.Struct, frozen=True):
    """Where a page begins: the entry to read at, and the key of the row before it."""

    sequence: int
    key: tuple[Any, ...]


def page_size(limit: int | None) -> int | None:
    """How many rows a page has; None is all. Raises InvalidQueryError."""
    if limit is None:
        return None
    if not 0 <= limit <= MOST_LIMIT:
        raise InvalidQueryError(f"a page of {limit}", hint=f"ask for 1 to {MOST_LIMIT}, or for all")
    return limit or DEFAULT_LIMIT


def write_token(query: msgspec.Struct, sequence: int, key: Sequence[Any]) -> str:
    """A token for the page behind the row whose order columns are `key`."""
    values = tuple(value.isoformat() if isinstance(value, datetime) else value for value in key)
    data = msgspec.json.encode(_Token(_identity(query), sequence, values))
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def read_token(query: msgspec.Struct, token: str, order: Sequence[OrderKey]) -> Position:
    """What a token for `query` says. Raises InvalidQueryError if it is none, or of another query."""
    try:
        if len(token) > TOKEN_CHARACTERS:
            raise ValueError(token)
        data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        read = msgspec.json.decode(data, type=_Token)
        if read.query != _identity(query):
            raise ValueError(read.query)
        key = tuple(_read(value, by.type) for value, by in zip(read.key, order, strict=True))
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise InvalidQueryError(
            "the token is not one of this query",
            hint="give the token of the page before, with the same scope, filters and order",
        ) from error
    return Position(read.sequence, key)


def behind(order: Sequence[OrderKey], key: Sequence[Any], parameters: dict[str, Any]) -> str:
    """The condition that a row comes after the one with `key`, whose values are put into `parameters`."""
    cases = []
    same: list[str] = []
    for number, (column, value) in enumerate(zip(order, key, strict=True)):
        parameters[f"key{number}"] = value
        cases.append(" AND ".join([*same, f'"{column.column}" {"<" if column.descending else ">"} $key{number}']))
        same.append(f'"{column.column}" = $key{number}')
    return f"({' OR '.join(f'({case})' for case in cases)})"


def _read(value: str | int | bool, kind: type) -> Any:
    if kind is datetime and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            return moment
    elif type(value) is kind:
        return value
    raise ValueError(value)


def _identity(query: msgspec.Struct) -> str:
    """What tells the query from others, whatever its page size."""
    data = msgspec.json.encode(msgspec.structs.replace(query, limit=0, token=""), order="deterministic")
    return Digest.of(type(query).__name__.encode() + data).hex[:16]
