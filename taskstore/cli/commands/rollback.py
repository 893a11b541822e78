"""`taskstore rollback`: deploy an earlier version again."""

from __future__ import annotations

import click

from taskstore.cli.complete import complete_task
from taskstore.cli.group import Command
from taskstore.cli.options import Session, scope, session
from taskstore.cli.scoped import by_option, task_answer


@click.command(
    cls=Command,
    examples="""
    taskstore rollback flytesnacks/development/core.hello --to v1
    taskstore rollback -p flytesnacks -d development core.hello --to v1 --by alice
    """,
)
@click.argument("task", shell_complete=complete_task)
@click.option("--to", "version", required=True, metavar="VERSION", help="The version to go back to.")
@by_option
@scope
@session
def command(session: Session, task: str, version: str, by: str | None, project: str | None, domain: str | None) -> None:
    """Deploy an earlier version again, as a new revision.

    Its specification as it is, and the triggers that it was last deployed with: those that are not among them are
    deleted, and all start that version from now on. The way back is another rollback.
    """
    from taskstore.cli.address import parse_task
    from taskstore.plan.outcome import Outcome
    from taskstore_specs.identity import check_version

    task_id = parse_task(task, project, domain).at(check_version(version))
    with session.open() as store:
        result = store.rollback(task_id, by=by)
    changed = result.outcome is not Outcome.UNCHANGED
    session.answer(task_answer(task_id, changed, result.revision, result.sequence, result.digest))
