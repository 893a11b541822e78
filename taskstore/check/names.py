"""A set of digests that takes little memory and never forgets one."""

from __future__ import annotations

from taskstore_specs.digest import Digest

_BITS = 2**29
_PROBES = 8
_DIGITS = 8  # hexadecimal, a probe: 32 bits of a digest that is random all over


class NameFilter:
    """A Bloom filter (Bloom, 1970) of 64 MiB: what was added is in it; something else seldom is.

    Of 10 million digests one in ten million others is taken for one of them, of 100 million one in eight. So it serves
    where "it may be in use" only means that something is kept.
    """

    def __init__(self) -> None:
        self._bits = bytearray(_BITS // 8)

    def add(self, digest: Digest) -> None:
        """Put `digest` in."""
        for place in _places(digest):
            self._bits[place >> 3] |= 1 << (place & 7)

    def __contains__(self, digest: Digest) -> bool:
        return all(self._bits[place >> 3] & (1 << (place & 7)) for place in _places(digest))


def _places(digest: Digest) -> list[int]:
    ends = range(0, _PROBES * _DIGITS, _DIGITS)
    return [int(digest.hex[start : start + _DIGITS], 16) % _BITS for start in ends]
