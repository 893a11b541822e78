"""What the daemon and the process that takes a bundle in say to each other: a line of JSON each.

Paths are bytes, since names of files need be no Unicode.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any, TypeAlias

import msgspec

from taskstore.index.queries import Made
from taskstore_daemon.scan import Stamp


class File(msgspec.Struct, frozen=True):
    """A file of the bundle: its path in the inbox, and the stamp that it must still have."""

    path: bytes
    stamp: Stamp


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Take the bundle `name` of the folder `inbox` into `store`; `by` is who does it, None for the user and host.

    `unchecked` are the parts among `files` that nobody verified yet. `told` is the digest of the bundle that people
    were told of under this name as taken in, None if there is none.
    """

    store: bytes
    inbox: bytes
    name: bytes
    files: tuple[File, ...]
    unchecked: frozenset[bytes]
    told: str | None
    by: str | None


class Retry(Enum):
    """After what a refused bundle is dealt with once more by itself: its own change, or also another signature, or also
    a change of the store."""

    CHANGE = "change"
    SIGNATURE = "signature"
    STORE = "store"


class Return(msgspec.Struct, frozen=True):
    """What is told to the store that the bundle came from, by its id: the receipt of this store, `store_id`."""

    origin: str
    store_id: str
    receipt: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken in: of which store's entries, by whom they were signed, how many facts were new or known here, in
    which of this store's entries they are, and what those made; None if that was not counted."""

    store_id: str
    since: int
    until: int
    until_time: datetime | None
    scope: str
    signed_by: str | None
    taken: int
    known: int
    sequences: tuple[int, ...]
    made: Made | None = None


class NotYet(msgspec.Struct, frozen=True, tag=True):
    """A file is not as it was looked at, or cannot be read now."""

    path: bytes
    reason: str


class Incomplete(msgspec.Struct, frozen=True, tag=True):
    """Parts are missing, of `count`, in words `why`. Those that are there are as they were written."""

    missing: tuple[int, ...]
    count: int
    why: str


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Nothing more of it is taken; `error` as programs are told of one."""

    error: dict[str, Any]
    retry: Retry
    content: str | None
    back: Return | None = None


class Taken(msgspec.Struct, frozen=True, tag=True):
    """It is in the store; `remembered` if people were told so before."""

    content: str
    facts: Facts
    remembered: bool
    back: Return | None


class Trouble(msgspec.Struct, frozen=True, tag=True):
    """The store, or the machine, cannot take anything in now; `busy` if somebody else holds it."""

    message: str
    hint: str
    busy: bool


class Died(msgspec.Struct, frozen=True):
    """What stands for the answer of a process that gave none: its exit code, or of a signal the negative number."""

    code: int


Answer: TypeAlias = NotYet | Incomplete | Refused | Taken | Trouble

_requests = msgspec.json.Decoder(Request)
_answers: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)


def encode(message: Request | Answer) -> bytes:
    """The message's line."""
    return msgspec.json.encode(message) + b"\n"


def decode_request(line: bytes) -> Request:
    """A request. Raises msgspec.MsgspecError."""
    return _requests.decode(line)


def decode_answer(line: bytes) -> Answer:
    """An answer. Raises msgspec.MsgspecError."""
    return _answers.decode(line)
