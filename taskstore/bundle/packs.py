"""Packs: many records in one OCI layer, each with its length before it (four bytes, the most significant first)."""

from __future__ import annotations

from collections.abc import Iterator

from taskstore.bundle.limits import PACK_BYTES
from taskstore.errors import BundleDamagedError

_LENGTH = 4


class Packer:
    """Gathers records until they fill a pack."""

    def __init__(self) -> None:
        self._pack = bytearray()

    def add(self, record: bytes) -> bytes | None:
        """Take a record in, which is not empty; the pack that it filled, if it did."""
        self._pack += len(record).to_bytes(_LENGTH, "big")
        self._pack += record
        return self.flush() if len(self._pack) >= PACK_BYTES else None

    def flush(self) -> bytes | None:
        """What was gathered since the last pack, None if nothing was."""
        pack, self._pack = bytes(self._pack), bytearray()
        return pack or None


def records(pack: bytes) -> Iterator[bytes]:
    """The records of a pack. Raises BundleDamagedError at one that is empty or goes past the end."""
    view = memoryview(pack)
    offset = 0
    while offset < len(view):
        length = int.from_bytes(view[offset : offset + _LENGTH], "big")
        offset += _LENGTH
        if not 0 < length <= len(view) - offset:
            raise BundleDamagedError("a record in a pack has a wrong length")
        yield bytes(view[offset : offset + length])
        offset += length
