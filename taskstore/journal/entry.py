"""A journal entry: its value, its bytes, and the digest that chains it to the next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from blake3 import blake3

from taskstore.errors import InvalidDigestError, JournalDamagedError
from taskstore.journal.changes import Change
from taskstore_specs.digest import Digest

FORMAT = 1
_UTC = timedelta(0)


class Entry(msgspec.Struct, frozen=True):
    """One commit: numbered, chained, and made of facts. `previous` is the digest of the bytes of the entry before.

    `committed_at` is a time in UTC.
    """

    sequence: Annotated[int, msgspec.Meta(ge=1)]
    previous: Digest
    committed_at: Annotated[datetime, msgspec.Meta(tz=True)]
    committed_by: str
    changes: tuple[Change, ...]
    format: int = FORMAT


class Head(msgspec.Struct, frozen=True):
    """Where a journal ends: the number and digest of its last entry, and when it was committed.

    Of an empty journal: sequence 0, the digest that entry 1 names as `previous`, and no time.
    """

    sequence: int
    digest: Digest
    committed_at: datetime | None


def _encode_value(value: Any) -> Any:
    if isinstance(value, Digest):
        return str(value)
    raise TypeError(f"a journal entry cannot hold a {type(value).__name__}")


def _decode_value(kind: type, value: Any) -> Any:
    if kind is Digest:
        return Digest.parse(value)
    raise TypeError(f"a journal entry cannot hold a {kind.__name__}")


_encoder = msgspec.json.Encoder(enc_hook=_encode_value, order="sorted")
_decoder = msgspec.json.Decoder(Entry, dec_hook=_decode_value)


def genesis(store_id: str) -> Digest:
    """What entry 1 of the store `store_id` names as `previous`: the digest of the id's ASCII bytes."""
    return Digest.of(store_id.encode("ascii"))


def encode(entry: Entry) -> bytes:
    """The entry's bytes: JSON with sorted keys and no spaces, ending in its `sum`.

    `sum` is the digest of the same JSON without `sum`. It lets an entry prove itself whole when no later one names
    its digest yet. The digest of all of these bytes is what the next entry names as `previous`.
    """
    body = _encoder.encode(entry)
    return body[:-1] + _sum(body[:-1])


_SUM_BYTES = len(',"sum":"blake3:') + 64 + len('"}')


def _sum(opened: bytes) -> bytes:
    """How an entry ends whose JSON without `sum` is `opened` and a closing brace."""
    return b',"sum":"blake3:%s"}' % blake3(opened).update(b"}").hexdigest().encode("ascii")


def _times(entry: Entry) -> Iterator[datetime]:
    yield entry.committed_at
    for change in entry.changes:
        at = getattr(change, "at", None)
        if at is not None:
            yield at


def decode(data: bytes, sequence: int) -> Entry:
    """Read entry `sequence`. Raises JournalDamagedError when the bytes are not an entry of that number, whole."""
    if data[-_SUM_BYTES:] != _sum(data[:-_SUM_BYTES]):
        raise JournalDamagedError(sequence, "its bytes do not have the sum that they end in")
    try:
        entry = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError, InvalidDigestError) as error:
        raise JournalDamagedError(sequence, str(error)) from error
    if entry.sequence != sequence:
        raise JournalDamagedError(sequence, f"it calls itself entry {entry.sequence}")
    for time in _times(entry):
        if time.utcoffset() != _UTC:
            raise JournalDamagedError(sequence, f"it has a time that is not in UTC: {time}")
    if entry.format != FORMAT:
        raise JournalDamagedError(sequence, f"format {entry.format} is unknown to this version of taskstore")
    return entry
