"""`taskstore log`: the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from taskstore.cli.answer import Answer, Column, Table
from taskstore.cli.complete import complete_task
from taskstore.cli.group import Command
from taskstore.cli.options import Session, scope, session

if TYPE_CHECKING:
    from taskstore.store.log import LogEntry


@click.command(
    cls=Command,
    examples="""
    taskstore log --limit 5
    taskstore log flytesnacks/development/core.hello --since 2026-01-01T00:00:00Z
    taskstore log --since 41 --json
    """,
)
@click.argument("task", metavar="[TASK]", required=False, shell_complete=complete_task)
@scope
@click.option("--since", metavar="SEQ|TIME", help="Only entries after that one, or committed at that time or later.")
@click.option("--limit", type=int, default=0, metavar="N", help="So many, 200 at most. [50]")
@session
def command(
    session: Session, task: str | None, project: str | None, domain: str | None, since: str | None, limit: int
) -> None:
    """Show the journal, newest entry first.

    What was recorded, when and by whom. With TASK only the entries that changed it or its triggers.
    """
    from taskstore.cli.address import parse_task
    from taskstore.cli.moment import parse_moment
    from taskstore.index.queries import LogQuery

    query = LogQuery(
        task=parse_task(task, project, domain) if task else None,
        since=parse_moment(since) if since else None,
        limit=limit,
    )
    with session.open() as store:
        entries = store.log(query)
    session.answer(Answer(document={"entries": entries}, rows=entries, sections=[Table(_COLUMNS, entries)]))


def _in_short(entry: LogEntry) -> str:
    first = [f"{change.action.lower()} {change.subject}" for change in entry.changes[:3]]
    more = len(entry.changes) - len(first)
    return ", ".join(first) + (f", and {more} more" if more else "")


_COLUMNS = (
    Column("SEQUENCE", lambda entry: entry.sequence, "bold"),
    Column("AT", lambda entry: entry.committed_at),
    Column("BY", lambda entry: entry.committed_by, "dim"),
    Column("CHANGES", _in_short),
    Column("DIGEST", lambda entry: entry.digest),
)
