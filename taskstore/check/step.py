"""How a check proceeds: one step after the other, so that it can be watched, stopped and taken up again."""

from __future__ import annotations

import msgspec

from taskstore.check.problem import Problem


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Something was looked at: `mark` is where to go on from, `size` how many bytes were read.

    `items` is how many entries, blobs or rows it was.
    """

    mark: str
    items: int = 1
    size: int = 0
    problems: tuple[Problem, ...] = ()
