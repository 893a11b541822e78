"""`taskstore status`: the state of a store."""

from __future__ import annotations

import click

from taskstore.cli.answer import Answer, Fields
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session


@click.command(
    cls=Command,
    examples="""
    taskstore status
    taskstore status --json | jq -r '"\\(.sequence):\\(.digest)"'
    """,
)
@session
def command(session: Session) -> None:
    """Show the state of a store.

    The sequence and digest of the journal's head, noted elsewhere, prove later that the history up to it is unaltered.
    """
    with session.open() as store:
        status = store.status()
    facts = {name: getattr(status, name) for name in status.__struct_fields__}
    session.answer(Answer(document=facts, rows=[status], sections=[Fields(facts)]))
