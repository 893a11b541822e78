"""`taskstore show`: everything about one version of a task."""

from __future__ import annotations

from typing import Any

import click

from taskstore.cli.answer import Answer, Block, Fields, Table
from taskstore.cli.group import Command
from taskstore.cli.options import Session, scope, session


@click.command(
    cls=Command,
    examples="""
    taskstore show flytesnacks/development/core.hello
    taskstore show flytesnacks/development/core.hello@v1 --json
    """,
)
@click.argument("task", metavar="TASK[@VERSION]")
@scope
@session
def command(session: Session, task: str, project: str | None, domain: str | None) -> None:
    """Show everything about one version of a task.

    Without a version, the newest. The triggers are those that start this version.
    """
    from taskstore.cli.address import parse_address

    name, version = parse_address(task, project, domain)
    with session.open() as store:
        session.answer(_answer(store.show_task(name, version)))


def _answer(shown: Any) -> Answer:
    import msgspec

    from taskstore.cli.commands.trigger import COLUMNS
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
