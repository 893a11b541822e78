"""`taskstore trigger show`."""

from __future__ import annotations

from typing import Any

import click

from taskstore.cli.answer import Answer, Block, Fields
from taskstore.cli.complete import complete_task
from taskstore.cli.group import Command
from taskstore.cli.options import Session, scope, session


@click.command(
    cls=Command,
    examples="""
    taskstore trigger show flytesnacks/development/core.hello nightly
    taskstore trigger show flytesnacks/development/core.hello nightly --revision 2 --json
    """,
)
@click.argument("task", shell_complete=complete_task)
@click.argument("name")
@click.option("--revision", type=int, metavar="R", help="As it was at that revision.")
@scope
@session
def command(
    session: Session, task: str, name: str, revision: int | None, project: str | None, domain: str | None
) -> None:
    """Show a trigger, deleted or not, with its definition."""
    from taskstore.cli.address import parse_task

    owner = parse_task(task, project, domain)
    with session.open() as store:
        shown: Any = (
            store.show_trigger(owner, name) if revision is None else store.show_trigger_revision(owner, name, revision)
        )
    session.answer(_answer(shown))


def _answer(shown: Any) -> Answer:
    from taskstore.cli.output import encode_yaml
    from taskstore.cli.plain import plain

    facts = {name: getattr(shown, name) for name in shown.__struct_fields__ if name != "definition"}
    definition = encode_yaml(plain(shown.definition))
    return Answer(document={"trigger": shown}, rows=[shown], sections=[Fields(facts), Block("definition", definition)])
