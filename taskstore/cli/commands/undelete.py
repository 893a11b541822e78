"""`taskstore undelete`: bring a deleted version back into the lists."""

from __future__ import annotations

import click

from taskstore.cli.complete import complete_task
from taskstore.cli.group import Command
from taskstore.cli.options import Session, scope, session
from taskstore.cli.scoped import by_option, task_answer


@click.command(cls=Command, examples="taskstore undelete flytesnacks/development/core.hello@v1")
@click.argument("task", metavar="TASK@VERSION", shell_complete=complete_task)
@by_option
@scope
@session
def command(session: Session, task: str, by: str | None, project: str | None, domain: str | None) -> None:
    """Bring a deleted version back into the lists.

    Its triggers are as they were: none start it, unless they were deployed since.
    """
    from taskstore.cli.address import parse_version

    task_id = parse_version(task, project, domain)
    with session.open() as store:
        result = store.undelete_version(task_id, by=by)
    session.answer(task_answer(task_id, bool(result.changes), result.revision, result.sequence))
