"""`taskstore trigger list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from taskstore.cli.answer import Answer, Column, Table
from taskstore.cli.complete import complete_task
from taskstore.cli.group import Command
from taskstore.cli.options import Session, scope, session

if TYPE_CHECKING:
    from taskstore.index.queries import TriggerRow


@click.command(
    cls=Command,
    examples="""
    taskstore trigger list
    taskstore trigger list -p flytesnacks --active
    taskstore trigger list flytesnacks/development/core.hello --json
    """,
)
@click.argument("task", metavar="[TASK[@VERSION]]", required=False, shell_complete=complete_task)
@scope
@click.option("--active", is_flag=True, help="Only those that fire: active, and not paused.")
@session
def command(session: Session, task: str | None, project: str | None, domain: str | None, active: bool) -> None:
    """List triggers, the active ones first.

    Those of a task, or of one version of it; without TASK those of a project and domain, or all.
    """
    from taskstore.cli.address import parse_address
    from taskstore.index.queries import TriggerQuery

    name, version = parse_address(task, project, domain) if task else (None, None)
    query = TriggerQuery(
        project=name.project if name else project,
        domain=name.domain if name else domain,
        task_name=name.name if name else None,
        task_version=version,
        active=active,
    )
    with session.open() as store:
        triggers = store.list_triggers(query).triggers
    session.answer(Answer(document={"triggers": triggers}, rows=triggers, sections=[Table(COLUMNS, triggers)]))


def state_in_short(*, active: bool, paused: bool, deleted: bool) -> str:
    """Whether a trigger fires, in one word."""
    if deleted:
        return "deleted"
    if paused:
        return "paused"
    return "active" if active else "off"


def _state(trigger: TriggerRow) -> str:
    return state_in_short(active=trigger.active, paused=trigger.paused, deleted=trigger.deleted_at is not None)


COLUMNS = (
    Column("TASK", lambda trigger: f"{trigger.project}/{trigger.domain}/{trigger.task_name}@{trigger.task_version}"),
    Column("TRIGGER", lambda trigger: trigger.name, "bold"),
    Column("STATE", _state),
    Column("FIRES", lambda trigger: trigger.schedule),
    Column("REVISION", lambda trigger: trigger.revision),
    Column("DEPLOYED", lambda trigger: trigger.deployed_at, "dim"),
)
