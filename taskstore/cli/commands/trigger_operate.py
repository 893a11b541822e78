"""`taskstore trigger activate`, `deactivate`, `pause`, `resume`, `delete`: what operators do to triggers."""

from __future__ import annotations

import click

from taskstore.cli.answer import Answer
from taskstore.cli.complete import complete_task
from taskstore.cli.group import Command
from taskstore.cli.options import Session, scope, session
from taskstore.cli.scoped import by_option, triggers_answer


def _operation(name: str, explained: str) -> click.Command:
    @click.command(name, cls=Command, help=explained, examples=_EXAMPLES.format(name=name))
    @click.argument("task", shell_complete=complete_task)
    @click.argument("names", metavar="NAME...", nargs=-1, required=True)
    @by_option
    @scope
    @session
    def command(
        session: Session,
        task: str,
        names: tuple[str, ...],
        by: str | None,
        project: str | None,
        domain: str | None,
    ) -> None:
        session.answer(_operate(session, name, task, names, by, project, domain))

    return command


def _operate(
    session: Session,
    name: str,
    task: str,
    names: tuple[str, ...],
    by: str | None,
    project: str | None,
    domain: str | None,
) -> Answer:
    from taskstore.cli.address import parse_task
    from taskstore.journal.changes import TriggerAction

    owner = parse_task(task, project, domain)
    with session.open() as store:
        result = store.operate_triggers(TriggerAction[name.upper()], owner, names, by=by)
    return triggers_answer(owner, names, result)


_EXAMPLES = """
    taskstore trigger {name} flytesnacks/development/core.hello nightly
    taskstore trigger {name} -p flytesnacks -d development core.hello nightly hourly --by alice
    """
_TOGETHER = "All that are named or, if one of them is not there, none; those that are so already are left alone."

activate = _operation("activate", f"Let triggers fire.\n\n{_TOGETHER}")
deactivate = _operation(
    "deactivate",
    f"Stop triggers from firing, until they are activated or a deploy says otherwise.\n\n{_TOGETHER}",
)
pause = _operation(
    "pause", f"Hold triggers: whatever is deployed, they do not fire until they are resumed.\n\n{_TOGETHER}"
)
resume = _operation("resume", f"Lift the hold on triggers: they fire again if they are active.\n\n{_TOGETHER}")
delete = _operation("delete", f"Delete triggers, softly: a deploy that has them brings them back.\n\n{_TOGETHER}")
