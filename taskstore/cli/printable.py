"""Text that is safe to show."""

from __future__ import annotations


def printable(text: str) -> str:
    """`text` on one line and without control characters, which could play tricks on a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
