"""A receipt: how far a store has followed others, short enough to be a QR code or to be typed.

    taskstore-receipt 1
    store 8f14e45f-ceea-467f-a9d1-6f1d8a9a3c01
    from 3b9aca00-1c2d-4e5f-8a9b-0c1d2e3f4a5b 1042 9f86d081884c7d65 -
    sum 7aa9085e

A `from` line names a store, the last entry of it that is known here, the first 16 digits of that entry's digest, and
the scope that was followed (`-` for everything). `sum` is the first 8 digits of the BLAKE3 digest of the lines before
it, each with its newline, so that a slip of the pen is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from taskstore.bundle.limits import RECEIPT_BYTES
from taskstore.errors import LimitExceededError, ReceiptError
from taskstore.journal.changes import OriginChange
from taskstore_specs.digest import Digest

FORMAT = "taskstore-receipt 1"
DIGEST_DIGITS = 16
_SUM_DIGITS = 8
_ID = r"[0-9A-Za-z-]{1,64}"
_FROM = re.compile(rf"from ({_ID}) (\d{{1,12}}) ([0-9a-f]{{{DIGEST_DIGITS}}}) (-|[0-9a-f]{{1,64}})")
_STORE = re.compile(rf"store ({_ID})")


class Known(msgspec.Struct, frozen=True):
    """How far a store was followed in a scope: an entry's number and the beginning of its digest."""

    store_id: str
    sequence: int
    digest: str
    scope: str = ""


class Receipt(msgspec.Struct, frozen=True):
    """What the store `store_id` has of other stores."""

    store_id: str
    known: tuple[Known, ...]

    def of(self, store_id: str, scope: str) -> Known | None:
        """How far a store was followed in `scope`, which everything covers too; None if it was not."""
        fitting = [known for known in self.known if known.store_id == store_id and known.scope in ("", scope)]
        return max(fitting, key=lambda known: known.sequence, default=None)


def make_receipt(store_id: str, origins: Iterable[OriginChange]) -> Receipt:
    """The receipt of the store `store_id` that has followed `origins`."""
    known = [
        Known(origin.store_id, origin.sequence, origin.digest.hex[:DIGEST_DIGITS], origin.scope) for origin in origins
    ]
    return Receipt(store_id, tuple(known))


def encode_receipt(receipt: Receipt) -> bytes:
    """The receipt's text. Raises LimitExceededError if it does not fit into RECEIPT_BYTES."""
    lines = [FORMAT, f"store {receipt.store_id}"]
    lines += [f"from {known.store_id} {known.sequence} {known.digest} {known.scope or '-'}" for known in receipt.known]
    body = "".join(f"{line}\n" for line in lines)
    data = f"{body}sum {_sum(body)}\n".encode("ascii")
    if len(data) > RECEIPT_BYTES:
        raise LimitExceededError(
            f"a receipt of {len(receipt.known)} lines has {len(data)} bytes",
            hint=f"at most {RECEIPT_BYTES} are made: name one store with --origin",
        )
    return data


def decode_receipt(data: bytes) -> Receipt:
    """Read a receipt, forgiving about spaces, empty lines and the case of letters. Raises ReceiptError."""
    if len(data) > 2 * RECEIPT_BYTES:
        raise ReceiptError("it is too long for a receipt", hint="name a file that `bundle receipt` wrote")
    text = data.decode("ascii", "replace").lower()
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    if len(lines) < 3 or lines[0] != FORMAT:
        raise ReceiptError("it is no receipt", hint="name a file that `bundle receipt` wrote")
    body = "".join(f"{line}\n" for line in lines[:-1])
    if lines[-1] != f"sum {_sum(body)}":
        raise ReceiptError("the receipt has a mistake in it: its sum does not fit", hint="compare it with the original")
    store = _STORE.fullmatch(lines[1])
    known = [_FROM.fullmatch(line) for line in lines[2:-1]]
    if store is None or None in known:
        raise ReceiptError("a line of the receipt cannot be read", hint="name a file that `bundle receipt` wrote")
    return Receipt(
        store[1],
        tuple(Known(m[1], int(m[2]), m[3], "" if m[4] == "-" else m[4]) for m in known if m),
    )


def _sum(body: str) -> str:
    return Digest.of(body.encode("ascii", "replace")).hex[:_SUM_DIGITS]
