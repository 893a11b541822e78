"""`taskstore show`: everything about one version of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from taskstore.cli.answer import Answer, Block, Fields, Table
from taskstore.cli.complete import complete_task
from taskstore.cli.group import Command
from taskstore.cli.options import Session, scope, session

if TYPE_CHECKING:
    from taskstore.store.show import TaskDetails


@click.command(
    cls=Command,
    examples="""
    taskstore show flytesnacks/development/core.hello
    taskstore show flytesnacks/development/core.hello@v1 --json
    taskstore show flytesnacks/development/core.hello@v1 --revision 1
    taskstore show flytesnacks/development/core.hello --as-of 2026-01-02T03:04:05Z
    """,
)
@click.argument("task", metavar="TASK[@VERSION]", shell_complete=complete_task)
@click.option("--revision", type=int, metavar="R", help="With the content that it had at that revision.")
@click.option("--as-of", metavar="TIME|SEQ", help="As the registry stood then, or after that journal entry.")
@scope
@session
def command(
    session: Session,
    task: str,
    revision: int | None,
    as_of: str | None,
    project: str | None,
    domain: str | None,
) -> None:
    """Show everything about one version of a task.

    Without a version, the newest. The triggers are those that start this version.
    """
    from taskstore.cli.address import parse_address
    from taskstore.cli.moment import parse_moment

    name, version = parse_address(task, project, domain)
    with session.open() as store:
        moment = parse_moment(as_of) if as_of else None
        session.answer(_answer(store.show_task(name, version, revision=revision, as_of=moment)))


def _answer(shown: TaskDetails) -> Answer:
    import msgspec

    from taskstore.cli.commands.trigger_list import COLUMNS
    from taskstore.cli.output import encode_yaml

    spec = msgspec.json.decode(shown.spec)
    return Answer(
        document={"task": shown.task, "spec": spec, "triggers": shown.triggers},
        rows=[shown.task],
        sections=[
            Fields({name: getattr(shown.task, name) for name in shown.task.__struct_fields__}),
            Table(COLUMNS, shown.triggers),
            Block("spec", encode_yaml(spec)),
        ],
    )
