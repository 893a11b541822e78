"""`taskstore trigger upcoming`."""

from __future__ import annotations

import click

from taskstore.cli.answer import Answer, Column, Table
from taskstore.cli.complete import complete_task
from taskstore.cli.group import Command
from taskstore.cli.options import Session, scope, session


@click.command(
    cls=Command,
    examples="""
    taskstore trigger upcoming --limit 10
    taskstore trigger upcoming -p flytesnacks --from 2026-03-29T00:00:00Z --until 2026-03-30T00:00:00Z --json
    """,
)
@click.argument("task", metavar="[TASK]", required=False, shell_complete=complete_task)
@scope
@click.option("--from", "start", metavar="TIME", help="From then on. [now]")
@click.option("--until", metavar="TIME", help="Before then. [a day later]")
@click.option("--limit", type=int, default=50, metavar="N", help="So many. [50]")
@session
def command(
    session: Session,
    task: str | None,
    project: str | None,
    domain: str | None,
    start: str | None,
    until: str | None,
    limit: int,
) -> None:
    """Show when triggers fire next: those of a task, of a project and domain, or all.

    Only those that are active and not paused. Cron fires by the clock on the wall of its timezone: a time that the
    change to summer time skips comes right after it, one that the change back repeats comes once.
    """
    from taskstore.cli.address import parse_task
    from taskstore.cli.moment import parse_time

    owner = parse_task(task, project, domain) if task else None
    with session.open() as store:
        fires = store.upcoming(
            parse_time(start) if start else None,
            parse_time(until) if until else None,
            project=owner.project if owner else project,
            domain=owner.domain if owner else domain,
            task_name=owner.name if owner else None,
            limit=limit,
        )
    session.answer(Answer(document={"fires": fires}, rows=fires, sections=[Table(_COLUMNS, fires)]))


_COLUMNS = (
    Column("AT", lambda fire: fire.at, "bold"),
    Column("TASK", lambda fire: fire.task.at(fire.task_version)),
    Column("TRIGGER", lambda fire: fire.trigger),
)
