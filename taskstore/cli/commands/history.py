"""`taskstore history`: every change of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from taskstore.cli.answer import Answer, Column, Table
from taskstore.cli.complete import complete_task
from taskstore.cli.group import Command
from taskstore.cli.options import Session, scope, session

if TYPE_CHECKING:
    from taskstore.store.show import TaskRevision


@click.command(
    cls=Command,
    examples="""
    taskstore history flytesnacks/development/core.hello
    taskstore history flytesnacks/development/core.hello@v1 --json
    """,
)
@click.argument("task", metavar="TASK[@VERSION]", shell_complete=complete_task)
@scope
@session
def command(session: Session, task: str, project: str | None, domain: str | None) -> None:
    """Show every deploy of a task or a version, and what each changed.

    Newest first. The content of any of them: `taskstore show TASK@VERSION --revision R`.
    """
    from taskstore.cli.address import parse_address

    name, version = parse_address(task, project, domain)
    with session.open() as store:
        revisions = store.history(name, version)
    session.answer(Answer(document={"revisions": revisions}, rows=revisions, sections=[Table(_COLUMNS, revisions)]))


def _changed(revision: TaskRevision) -> str:
    return ", ".join(revision.changed) or "-"


_COLUMNS = (
    Column("VERSION", lambda revision: revision.version, "bold"),
    Column("REVISION", lambda revision: revision.revision),
    Column("ACTION", lambda revision: revision.action),
    Column("CHANGED", _changed),
    Column("AT", lambda revision: revision.at, "dim"),
    Column("BY", lambda revision: revision.deployed_by, "dim"),
    Column("SEQUENCE", lambda revision: revision.sequence),
    Column("DIGEST", lambda revision: revision.digest),
)
