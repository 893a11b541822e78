"""`taskstore trigger deploy`."""

from __future__ import annotations

import click

from taskstore.cli.group import Command
from taskstore.cli.options import Session, scope, session
from taskstore.cli.scoped import by_option, triggers_answer


@click.command(
    cls=Command,
    examples="""
    taskstore trigger deploy flytesnacks/development/core.hello@v1 nightly.yaml
    taskstore trigger deploy flytesnacks/development/core.hello@v1 nightly.yaml --expect-revision 3
    """,
)
@click.argument("task", metavar="TASK@VERSION")
@click.argument("file", metavar="FILE|-")
@click.option(
    "--expect-revision", type=int, metavar="R", help="Refuse unless the trigger has this revision (0: none yet)."
)
@by_option
@scope
@session
def command(
    session: Session,
    task: str,
    file: str,
    expect_revision: int | None,
    by: str | None,
    project: str | None,
    domain: str | None,
) -> None:
    """Deploy one trigger beside the others of its task.

    FILE holds a TaskTrigger, as it stands under `triggers` in a manifest. The trigger starts that version from then on.
    The next deploy of the task replaces the whole set.
    """
    from taskstore.cli.address import parse_version
    from taskstore.cli.collect import read_manifest_file
    from taskstore_specs import read_trigger

    task_id = parse_version(task, project, domain)
    source = read_manifest_file(file)
    trigger = read_trigger(source.path, source.data, source.format)
    with session.open() as store:
        result = store.deploy_trigger(task_id, trigger, expected_revision=expect_revision, by=by)
    session.answer(triggers_answer(task_id.task, [trigger.name], result))
