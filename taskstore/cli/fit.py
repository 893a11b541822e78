"""How wide the columns of a table are on a terminal. Pure."""

from __future__ import annotations

from collections.abc import Sequence

GAP = 2
"""Between two columns."""

NARROW = 20
"""A column of this width or less (a time, a version, a count) is shown whole or not at all."""


def fit(widths: Sequence[int], room: int) -> list[int]:
    """The widths of the columns that are shown, the first ones, when `widths` is what they would like to have.

    The first column, which says what a row is about, may take the better part of the room. Columns that do not fit even
    when the wide ones are cut to NARROW are left out, the last ones first. What room is left goes to the wide ones, the
    first of them first.
    """
    least = [min(width, NARROW) for width in widths]
    least[0] = min(widths[0], max(NARROW, room * 3 // 5))
    while len(least) > 1 and _total(least) > room:
        least.pop()
    left = room - _total(least)
    shown = []
    for narrow, wanted in zip(least, widths, strict=False):
        more = max(0, min(wanted - narrow, left))
        shown.append(narrow + more)
        left -= more
    return shown


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)
