"""Figures, and how they are taken: in rounds, whoever is compared taking turns, so that a busy machine troubles all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Series:
    """One figure, taken several times."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)


@dataclass(frozen=True)
class Goal:
    """What a figure is held to: `limit` itself, or `limit` times what it is beside. Medians count."""

    limit: float
    beside: str | None = None


Unit = Literal["/s", "ms", "MB", "%"]


@dataclass(frozen=True)
class Row:
    """One line of the table: a figure of taskstore, and those beside it. Of rates more is better, else less."""

    group: str
    what: str
    unit: Unit
    ours: Series
    beside: Mapping[str, Series] = field(default_factory=dict)
    goals: tuple[Goal, ...] = ()

    def ratio(self, name: str) -> float:
        """Our median as a multiple of that of `name`."""
        return self.ours.median / self.beside[name].median

    def is_met(self, goal: Goal) -> bool:
        """Whether our median is as good as the goal, or better."""
        figure = self.ours.median if goal.beside is None else self.ratio(goal.beside)
        return figure >= goal.limit if self.unit == "/s" else figure <= goal.limit


def take_turns(rounds: int, **works: Callable[[int], float]) -> dict[str, Series]:
    """Call each work, which gives a figure, once a round, with the number of the round."""
    figures: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name, work in works.items():
            figures[name].append(work(number))
    return {name: Series(tuple(values)) for name, values in figures.items()}


def milliseconds(work: Callable[[], object]) -> float:
    """How long `work` takes."""
    begun = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begun)


def per_second(count: int, work: Callable[[], object]) -> float:
    """How many a second, if `work` does `count`."""
    return 1000 * count / milliseconds(work)


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of all are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
