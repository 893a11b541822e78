"""Giving memory back after a flood: what was freed stays with the process until it is asked for (malloc_trim(3))."""

from __future__ import annotations

import ctypes
import gc


def give_back() -> None:
    """Return what is free to the system; nothing where the C library has no way to."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
