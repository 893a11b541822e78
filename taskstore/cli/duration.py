"""Durations as people write them."""

from __future__ import annotations

import re
from typing import Any

import click

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_TEXT = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)([smhd]?)")


class Duration(click.ParamType[float]):
    """Seconds, or a number with its unit: `90`, `90s`, `10m`, `2h`, `14d`. Gives seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read `value`, or fail with what may be written."""
        match = _TEXT.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is no duration: write seconds, or a number followed by s, m, h or d", param, ctx)
        return float(match[1]) * _SECONDS[match[2]]
