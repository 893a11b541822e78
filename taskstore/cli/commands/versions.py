"""`taskstore versions`: the versions of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from taskstore.cli.answer import Answer, Column, Table
from taskstore.cli.complete import complete_task
from taskstore.cli.group import Command
from taskstore.cli.options import Session, scope, session

if TYPE_CHECKING:
    from taskstore.index.queries import VersionPage, VersionRow


@click.command(
    cls=Command,
    examples="""
    taskstore versions flytesnacks/development/core.hello
    taskstore versions -p flytesnacks -d development core.hello --all --json
    """,
)
@click.argument("task", shell_complete=complete_task)
@scope
@click.option("--limit", type=int, default=0, metavar="N", help="So many a page, 200 at most. [50]")
@click.option("--all", "everything", is_flag=True, help="All, instead of a page.")
@click.option("--token", default="", help="The page that begins where the one that gave this token ended.")
@session
def command(
    session: Session, task: str, project: str | None, domain: str | None, limit: int, everything: bool, token: str
) -> None:
    """List the versions of a task, newest first.

    Versions with the same fingerprint differ in nothing but their version.
    """
    from taskstore.cli.address import parse_task
    from taskstore.index.queries import VersionQuery

    name = parse_task(task, project, domain)
    query = VersionQuery(name, limit=None if everything else limit, token=token)
    with session.open() as store:
        session.answer(_answer(store.list_versions(query)))


def _answer(page: VersionPage) -> Answer:
    more = f"; the next: --token {page.next_token}" if page.next_token else ""
    return Answer(
        document={name: getattr(page, name) for name in page.__struct_fields__},
        rows=page.versions,
        sections=[Table(_COLUMNS, page.versions)],
        notes=[f"{len(page.versions)} of {page.total}{more}"],
    )


def _triggers(version: VersionRow) -> str:
    return f"{version.active_triggers} of {version.total_triggers} active" if version.total_triggers else ""


_COLUMNS = (
    Column("VERSION", lambda version: version.version, "bold"),
    Column("REVISION", lambda version: version.revision),
    Column("TRIGGERS", _triggers),
    Column("CREATED", lambda version: version.created_at, "dim"),
    Column("UPDATED", lambda version: version.updated_at, "dim"),
    Column("BY", lambda version: version.deployed_by, "dim"),
    Column("DIGEST", lambda version: version.digest),
    Column("FINGERPRINT", lambda version: version.fingerprint),
)
