"""`taskstore trigger history`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from taskstore.cli.answer import Answer, Column, Table
from taskstore.cli.commands.trigger_list import state_in_short
from taskstore.cli.complete import complete_task
from taskstore.cli.group import Command
from taskstore.cli.options import Session, scope, session

if TYPE_CHECKING:
    from taskstore.index.queries import TriggerRevisionRow


@click.command(cls=Command, examples="taskstore trigger history flytesnacks/development/core.hello nightly")
@click.argument("task", shell_complete=complete_task)
@click.argument("name")
@scope
@session
def command(session: Session, task: str, name: str, project: str | None, domain: str | None) -> None:
    """Show every revision of a trigger, newest first, and what made it."""
    from taskstore.cli.address import parse_task

    with session.open() as store:
        revisions = store.trigger_history(parse_task(task, project, domain), name)
    session.answer(Answer(document={"revisions": revisions}, rows=revisions, sections=[Table(_COLUMNS, revisions)]))


def _state(revision: TriggerRevisionRow) -> str:
    return state_in_short(active=revision.active, paused=revision.paused, deleted=revision.deleted)


_COLUMNS = (
    Column("REVISION", lambda revision: revision.revision, "bold"),
    Column("ACTION", lambda revision: revision.action),
    Column("STATE", _state),
    Column("FIRES", lambda revision: revision.schedule),
    Column("VERSION", lambda revision: revision.task_version),
    Column("AT", lambda revision: revision.at, "dim"),
    Column("BY", lambda revision: revision.by, "dim"),
    Column("SEQUENCE", lambda revision: revision.sequence),
)
