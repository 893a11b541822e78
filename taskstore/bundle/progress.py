"""How far an operation on a bundle is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Told how many of how many things are done."""


def quiet(_: int, __: int) -> None:
    """Tells nobody."""
