"""Little memory for a daemon that idles.

What was freed stays with a process until it is asked for (malloc_trim(3)), and lies scattered over as many arenas
as threads came in each other's way in (mallopt(3)).
"""

from __future__ import annotations

import ctypes
import gc

_M_ARENA_MAX = -8
"""From malloc.h of the GNU C library."""

_COLLECT_AFTER = 100_000
"""How many more containers there must be before the garbage collector looks for cycles, of which a flood makes few. At
its usual 700 it takes a fortieth of the processor time."""


def keep_together() -> None:
    """Have all threads share one arena, of which little lies idle; nothing where the C library has no way to.

    To be called before there are threads. Python's lock makes them wait for each other anyway.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def collect_rarely() -> None:
    """Look for garbage less often than Python does by itself; `give_back` does so whenever a flood is over."""
    gc.set_threshold(_COLLECT_AFTER)


def give_back() -> None:
    """Return what is free to the system; nothing where the C library has no way to."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
