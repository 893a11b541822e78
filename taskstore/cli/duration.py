"""Durations as people write them."""

from __future__ import annotations

import re

import click

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_TEXT = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)([smhd]?)", re.ASCII)


def parse_duration(text: str) -> float:
    """Seconds of `90`, `90s`, `10m`, `2h` or `14d`, the type of an option. Raises click.BadParameter."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no duration: write seconds, or a number followed by s, m, h or d")
    return float(match[1]) * _SECONDS[match[2]]
