"""Sizes as people write them."""

from __future__ import annotations

import re

import click

_BYTES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_TEXT = re.compile(r"(\d{1,12})([kmg]?)(?:i?b)?", re.ASCII | re.IGNORECASE)


def parse_size(text: str) -> int:
    """Bytes of `4096`, `700M` or `4G` (powers of 1024), the type of an option. Raises click.BadParameter."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no size: write bytes, or a number followed by K, M or G")
    return int(match[1]) * _BYTES[match[2].lower()]
