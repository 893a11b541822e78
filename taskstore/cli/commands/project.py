"""`taskstore project`: the projects that tasks are deployed to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from taskstore.cli.answer import Answer, Column, Table
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session

if TYPE_CHECKING:
    from taskstore.index.queries import ProjectRow


@click.group(no_args_is_help=False)
def command() -> None:
    """Declare, list, archive and restore projects."""


@command.command(
    cls=Command,
    examples="""
    taskstore project create flytesnacks
    taskstore project create paint-line --name "Paint line" --description "Everything of hall 3"
    """,
)
@click.argument("id")
@click.option("--name", default="", help="What people call it. [its id]")
@click.option("--description", default="", help="What it is for.")
@session
def create(session: Session, id: str, name: str, description: str) -> None:
    """Declare a project, so that tasks can be deployed to it."""
    with session.open() as store:
        store.create_project(id, name, description)
        session.answer(_answer([row for row in store.list_projects() if row.id == id]))


@command.command("list", cls=Command, examples="taskstore project list --json")
@session
def list_(session: Session) -> None:
    """List the projects."""
    with session.open() as store:
        session.answer(_answer(store.list_projects()))


@command.command(cls=Command, examples="taskstore project archive flytesnacks")
@click.argument("id")
@session
def archive(session: Session, id: str) -> None:
    """Archive a project: it takes no deploys, and still lists. `restore` is the way back."""
    with session.open() as store:
        store.archive_project(id)
        session.answer(_answer([row for row in store.list_projects() if row.id == id]))


@command.command(cls=Command, examples="taskstore project restore flytesnacks")
@click.argument("id")
@session
def restore(session: Session, id: str) -> None:
    """Take an archived project back into use."""
    with session.open() as store:
        store.restore_project(id)
        session.answer(_answer([row for row in store.list_projects() if row.id == id]))


def _answer(projects: Sequence[ProjectRow]) -> Answer:
    columns = (
        Column("PROJECT", lambda project: project.id, "bold"),
        Column("NAME", lambda project: project.name),
        Column("STATE", lambda project: project.state),
        Column("CREATED", lambda project: project.created_at),
        Column("DESCRIPTION", lambda project: project.description),
    )
    return Answer(document={"projects": projects}, rows=projects, sections=[Table(columns, projects)])
