"""`taskstore gc`: remove what is left over."""

from __future__ import annotations

import click

from taskstore.cli.answer import Answer, Fields
from taskstore.cli.duration import parse_duration
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session
from taskstore.cli.plain import plain


@click.command(
    cls=Command,
    examples="""
    taskstore gc --dry-run
    taskstore gc
    taskstore gc --grace 1d
    """,
)
@click.option("--dry-run", is_flag=True, help="Count what would be removed, and remove nothing.")
@click.option("--grace", type=parse_duration, default="14d", metavar="DURATION", help="Keep what is younger. [14d]")
@session
def command(session: Session, dry_run: bool, grace: float) -> None:
    """Remove what no journal entry names.

    Temporary files and blobs, as stopped programs leave them behind. Nothing that was ever deployed is removed. Others
    can go on using the store, and it works on a full disk.
    """
    from taskstore.check import gc

    with session.open() as store:
        facts = plain(gc(store, grace=grace, dry_run=dry_run))
    notes = ["dry run: nothing was removed"] if dry_run else []
    session.answer(Answer(document=facts, rows=[facts], sections=[Fields(facts)], notes=notes))
