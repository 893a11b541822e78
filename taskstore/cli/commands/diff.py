"""`taskstore diff`: two versions, field by field."""

from __future__ import annotations

import click

from taskstore.cli.answer import Answer, Block
from taskstore.cli.complete import complete_task
from taskstore.cli.group import Command
from taskstore.cli.options import Session, scope, session


@click.command(
    cls=Command,
    examples="""
    taskstore diff flytesnacks/development/core.hello@v1 flytesnacks/development/core.hello@v2
    taskstore diff -p flytesnacks -d development core.hello@v1 core.hello@v2 --json
    """,
)
@click.argument("before", metavar="TASK@A", shell_complete=complete_task)
@click.argument("after", metavar="TASK@B", shell_complete=complete_task)
@scope
@session
def command(session: Session, before: str, after: str, project: str | None, domain: str | None) -> None:
    """Compare the specifications of two versions, field by field.

    Equal fingerprints say that nothing but the version's own stamp differs.
    """
    from taskstore.cli.address import parse_version
    from taskstore.cli.differences import write_differences

    old, new = parse_version(before, project, domain), parse_version(after, project, domain)
    with session.open() as store:
        comparison = store.compare(old, new)
    notes = ["only the version changed"] if comparison.only_version_changed else []
    session.answer(
        Answer(
            document={
                "changes": comparison.differences.changes,
                "truncated": comparison.differences.truncated,
                "only_version_changed": comparison.only_version_changed,
            },
            rows=comparison.differences.changes,
            sections=[Block("", write_differences(comparison.differences), diff=True)],
            notes=notes or ([] if comparison.differences.changes else ["no differences"]),
        )
    )
