"""`taskstore status`: the state of a store."""

from __future__ import annotations

import click

from taskstore.cli.answer import Answer, Column, Fields, Section, Table
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

    Of the daemons that watch folders for it, too; `taskstored status` says more of those.

    The sequence and digest of the journal's head, noted elsewhere, prove later that the history up to it is unaltered.
    """
    with session.open() as store:
        status = store.status()
    facts = {name: getattr(status, name) for name in status.__struct_fields__}
    shown = {name: value for name, value in facts.items() if name != "daemons"}
    sections: list[Section] = [Fields(shown)]
    if status.daemons:
        sections.append(Table(_DAEMONS, status.daemons))
    session.answer(Answer(document=facts, rows=[status], sections=sections))


_DAEMONS = (
    Column("INBOX", lambda daemon: daemon.inbox, "bold"),
    Column("RUNNING", lambda daemon: daemon.running),
    Column("PID", lambda daemon: daemon.pid),
    Column("BACKEND", lambda daemon: daemon.backend),
    Column("FILES", lambda daemon: daemon.known),
    Column("QUEUED", lambda daemon: daemon.queued),
    Column("WAITING", lambda daemon: daemon.waiting),
    Column("REFUSED", lambda daemon: daemon.refused),
    Column("SCANNED", lambda daemon: daemon.last_scan_at),
    Column("PROBLEM", lambda daemon: daemon.problem or daemon.last_error),
)
