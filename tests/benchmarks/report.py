"""The rows as tables in Markdown, put into `specs/performance.md` between two marks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from measure import Goal, Row, Series

BEGIN, END = "<!-- figures: written by make bench -->", "<!-- end of figures -->"


def render(rows: Sequence[Row], facts: Sequence[str], command: str) -> str:
    """The part of the page that is written by a run."""
    lines = [f"Taken by `{command}` on:", "", *(f"- {fact}" for fact in facts), ""]
    lines += ["Medians, with the lowest and the highest of all rounds. A ratio is ours divided by the other's.", ""]
    for group, members in groupby(rows, key=lambda row: row.group):
        lines += [
            f"### {group}",
            "",
            "| what | taskstore | beside | ratio | goal | met |",
            "| --- | ---: | --- | --- | --- | --- |",
        ]
        lines += [line(row) for row in members]
        lines.append("")
    return "\n".join(lines)


def splice(page: Path, figures: str) -> None:
    """Replace what the page says between its marks."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{figures}\n{END}{after}")


def line(row: Row) -> str:
    """A row of the table."""
    beside = "<br>".join(f"{name}: {_series(series, row.unit)}" for name, series in row.beside.items())
    ratios = "<br>".join(_ratio(row.ratio(name)) for name in row.beside)
    goals = "<br>".join(_goal(goal, row) for goal in row.goals)
    met = "<br>".join("yes" if row.is_met(goal) else "**no**" for goal in row.goals)
    return f"| {row.what} | {_series(row.ours, row.unit)} | {beside} | {ratios} | {goals} | {met} |"


def _series(series: Series, unit: str) -> str:
    spread = "" if len(series.values) == 1 else f" ({_number(series.low)} to {_number(series.high)})"
    return f"{_number(series.median)} {unit}{spread}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 10 else f"{value:,.2f}"


def _ratio(value: float) -> str:
    return f"{value:.2f} ×" if value >= 0.1 else f"1/{1 / value:.0f}"


def _goal(goal: Goal, row: Row) -> str:
    sign = "≥" if row.unit == "/s" else "≤"
    return (
        f"{sign} {_number(goal.limit)} {row.unit}"
        if goal.beside is None
        else f"{sign} {_ratio(goal.limit)} {goal.beside}"
    )
