"""`taskstore repair`: fetch what is missing or damaged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from taskstore.cli.answer import Answer, Fields, Table
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session
from taskstore.cli.plain import plain

if TYPE_CHECKING:
    from taskstore.check import RepairReport


@click.command(cls=Command, examples="taskstore repair --from /mnt/backup/registry")
@click.option(
    "--from",
    "donor",
    type=click.Path(path_type=Path),
    required=True,
    metavar="STORE",
    help="A good copy: another store that has what this one lacks.",
)
@session
def command(session: Session, donor: Path) -> int:
    """Fetch what is missing or damaged from another store.

    A blob is taken if its digest is right; an entry only where it fits the chain of this journal. Then the index is
    made anew. The exit code is 7 if something is still wrong. Doing it again is harmless.
    """
    from taskstore.check import StoreDonor, repair
    from taskstore.cli.errors import DAMAGED
    from taskstore.store.store import Store

    with session.open() as store, Store.open(donor) as source:
        report = repair(store, StoreDonor(source))
    session.answer(_answer(report))
    return DAMAGED if report.problems else 0


def _answer(report: RepairReport) -> Answer:
    from taskstore.cli.commands.fsck import PROBLEM_COLUMNS

    facts = {"repaired": report.repaired, **plain(report)}
    counts = {"repaired": report.repaired, "entries": len(report.entries), "blobs": len(report.blobs)}
    return Answer(
        document=facts,
        rows=[counts],
        sections=[Fields(counts), Table(PROBLEM_COLUMNS, report.problems)],
        notes=["some problems are left"] if report.problems else [],
    )
