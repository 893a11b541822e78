"""`taskstore bundle inspect`: show what is in a bundle."""

from __future__ import annotations

from pathlib import Path

import click

from taskstore.cli.answer import Answer, Fields
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session


@click.command(
    cls=Command,
    examples="""
    taskstore bundle inspect everything.tar
    taskstore bundle inspect --json big.tar.part*
    """,
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@session
def command(session: Session, files: tuple[Path, ...]) -> None:
    """Show what is in a bundle, and what it needs.

    From which store, since and until which of its entries, and which of its facts. Whoever takes it must know that
    store up to `since`. Only the bundle's documents are read; `bundle verify` reads all of it.
    """
    from taskstore.bundle import opened
    from taskstore.cli.bundles import facts_of

    with opened(files) as bundles:
        found = [{"name": bundle.name, **facts_of(bundle.digest, bundle.config)} for bundle in bundles]
    session.answer(Answer(document={"bundles": found}, rows=found, sections=[Fields(facts) for facts in found]))
