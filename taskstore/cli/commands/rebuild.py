"""`taskstore rebuild`: make the index anew."""

from __future__ import annotations

import click

from taskstore.cli.answer import Answer, Fields
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session
from taskstore.cli.plain import plain


@click.command(cls=Command, examples="taskstore rebuild")
@session
def command(session: Session) -> None:
    """Make the index anew from the journal.

    The index holds nothing that the journal does not: this loses nothing, and is seldom needed, as an index that cannot
    be used is rebuilt by whatever command meets it.
    """
    with session.open() as store:
        facts = plain(store.rebuild())
    session.answer(Answer(document=facts, rows=[facts], sections=[Fields(facts)]))
