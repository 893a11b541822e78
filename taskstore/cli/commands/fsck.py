"""`taskstore fsck`: verify a store."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from taskstore.cli.answer import Answer, Column, Fields, Table
from taskstore.cli.duration import parse_duration
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session
from taskstore.cli.plain import plain

if TYPE_CHECKING:
    from taskstore.check import Expectation, FsckReport, Phase
    from taskstore.check.fsck import Watch


@click.command(
    cls=Command,
    examples="""
    taskstore fsck
    taskstore fsck --quick
    taskstore fsck --budget 10m
    taskstore fsck --expect 42:blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85
    """,
)
@click.option("--quick", is_flag=True, help="Presence and sizes only: read no blob, compare no row of the index.")
@click.option(
    "--budget",
    type=parse_duration,
    metavar="DURATION",
    help="Stop after so long (90, 10m, 2h), and go on from there the next time.",
)
@click.option(
    "--expect",
    metavar="SEQ:DIGEST",
    help="Prove that the history up to a head noted earlier (`status` prints it) is unaltered.",
)
@session
def command(session: Session, quick: bool, budget: float | None, expect: str | None) -> int:
    """Verify a store.

    The journal, every blob, and the index against the journal, row by row. Each problem names what is damaged, the
    versions and triggers that need it, and the command that repairs it. The exit code is 7 if there is any. Others can
    go on using the store.
    """
    from taskstore.check import Fsck
    from taskstore.cli.errors import DAMAGED

    if quick and budget is not None:
        raise click.UsageError("give --quick or --budget")
    expected = _parse_head(expect) if expect else None
    with session.open() as store, _progress() as watch:
        report = Fsck(store, quick=quick, expected=expected).run(budget=budget, watch=watch)
    session.answer(_answer(report))
    return DAMAGED if report.problems else 0


def _parse_head(text: str) -> Expectation:
    from taskstore.check import Expectation
    from taskstore_specs.digest import Digest

    sequence, colon, digest = text.partition(":")
    if not (colon and sequence.isascii() and sequence.isdigit() and len(sequence) <= 12 and int(sequence)):
        raise click.UsageError(f"--expect: not a head: {text!r}; write the entry's number, a colon and its digest")
    return Expectation(int(sequence), Digest.parse(digest))


@contextmanager
def _progress() -> Iterator[Watch]:
    """Tells how far a check is, by a bar on a terminal."""
    if not sys.stderr.isatty():
        yield lambda phase, part: None
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[Phase, TaskID] = {}

        def show(phase: Phase, part: float) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(f"Checking: {phase.value}", total=1.0)
            bars.update(tasks[phase], completed=part)

        yield show


def _answer(report: FsckReport) -> Answer:
    counts = plain(report.checked)
    found = len(report.problems) + report.unlisted
    looked_at = f"{_count(counts['entries'], 'entry', 'entries')} and {_count(counts['blobs'], 'blob', 'blobs')}"
    notes = [f"{_count(found, 'problem', 'problems')} in {looked_at}"]
    if not report.complete:
        notes.append("the budget is used up; the next `taskstore fsck --budget` goes on from there")
    return Answer(
        document=plain(report),
        rows=report.problems,
        sections=[Fields(counts), Table(PROBLEM_COLUMNS, report.problems)],
        notes=notes,
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number or 'no'} {one if number == 1 else many}"


PROBLEM_COLUMNS = (
    Column("PROBLEM", lambda problem: problem.kind, "bold"),
    Column("WHAT", lambda problem: problem.message),
    Column("AFFECTS", lambda problem: ", ".join(problem.affects)),
    Column("REPAIR", lambda problem: problem.repair),
)
