"""`taskstore repair`: fetch what is missing or damaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taskstore.cli.answer import Answer, Fields, Table
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session
from taskstore.cli.plain import plain

if TYPE_CHECKING:
    from taskstore.check import Donor, RepairReport
    from taskstore.store.store import Store


@click.command(
    cls=Command,
    examples="""
    taskstore repair --from /mnt/backup/registry
    taskstore repair --from /media/usb/registry.bundle
    """,
)
@click.option(
    "--from",
    "donors",
    type=click.Path(path_type=Path),
    required=True,
    multiple=True,
    metavar="STORE|BUNDLE",
    help="A good copy: another store or a bundle that has what this one lacks. Name each part of a bundle.",
)
@session
def command(session: Session, donors: tuple[Path, ...]) -> int:
    """Fetch what is missing or damaged from another store or a bundle.

    A blob is taken if its digest is right; an entry only where it fits the chain of this journal. A bundle must be
    signed where the store requires it. Then the index is made anew. The exit code is 7 if something is still wrong.
    Doing it again is harmless.
    """
    from taskstore.check import repair
    from taskstore.cli.errors import DAMAGED

    with session.open() as store, _opened(donors, store) as donor:
        report = repair(store, donor)
    session.answer(_answer(report))
    return DAMAGED if report.problems else 0


@contextmanager
def _opened(donors: tuple[Path, ...], store: Store) -> Iterator[Donor]:
    """The store or the bundle that is meant, to mend `store` from."""
    from taskstore.check import StoreDonor
    from taskstore.store.store import Store

    if donors[0].is_dir() or not donors[0].exists():
        if len(donors) > 1:
            raise click.UsageError("--from: one store, or the parts of one bundle")
        with Store.open(donors[0]) as copy:
            yield StoreDonor(copy)
        return
    from taskstore.bundle import BundleDonor, opened, require_one

    with opened(donors) as bundles:
        yield BundleDonor(store, require_one(bundles))


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
