"""A digest: what a blob is named by."""

from __future__ import annotations

import re
from typing import ClassVar, Self

from blake3 import blake3

from taskstore_specs.errors import InvalidDigestError

_TEXT = re.compile(r"blake3:[0-9a-f]{64}")


class Digest:
    """The BLAKE3-256 digest of some bytes, a value: equal, hashable and ordered by its hexadecimal form.

    `str(digest)` is `blake3:` and 64 lower-case hexadecimal digits, the only spelling that `parse` takes.
    """

    __slots__ = ("hex",)
    ALGORITHM: ClassVar[str] = "blake3"

    hex: str

    def __init__(self, hex: str) -> None:
        object.__setattr__(self, "hex", hex)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Digest is immutable")

    @classmethod
    def of(cls, data: bytes) -> Self:
        """The digest of `data`."""
        return cls(blake3(data).hexdigest())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `blake3:<64 hex>`. Raises InvalidDigestError."""
        if not isinstance(text, str) or not _TEXT.fullmatch(text):
            raise InvalidDigestError(
                f"not a digest: {text!r}", hint="a digest is `blake3:` and 64 lower-case hexadecimal digits"
            )
        return cls(text[7:])

    def __reduce__(self) -> tuple[type[Digest], tuple[str]]:
        return type(self), (self.hex,)

    def __str__(self) -> str:
        return f"blake3:{self.hex}"

    def __repr__(self) -> str:
        return f"Digest({self.hex!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digest) and self.hex == other.hex

    def __lt__(self, other: Digest) -> bool:
        return self.hex < other.hex

    def __hash__(self) -> int:
        return hash(self.hex)
