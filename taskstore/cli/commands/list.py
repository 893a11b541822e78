"""`taskstore list`: the tasks of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from taskstore.cli.answer import Answer, Column, Table
from taskstore.cli.group import Command
from taskstore.cli.options import Session, scope, session

if TYPE_CHECKING:
    from taskstore.index.queries import TaskPage, TaskRow


@click.command(
    cls=Command,
    examples="""
    taskstore list -p flytesnacks -d development
    taskstore list --filter environment=models --filter 'active_triggers>0' --sort name
    taskstore list --all-versions --filter 'name ^ core.' --limit 20
    taskstore list --as-of 2026-01-02T03:04:05Z --all -o csv
    """,
)
@scope
@click.option("--all-versions", is_flag=True, help="Every version, not only the newest of each task.")
@click.option("--filter", "filters", multiple=True, metavar="EXPR", help="Only those for which it holds; all must.")
@click.option("--sort", "keys", multiple=True, metavar="KEY[:asc|desc]", help="Order by this. [created_at:desc]")
@click.option("--limit", type=int, default=0, metavar="N", help="So many a page, 200 at most. [50]")
@click.option("--all", "everything", is_flag=True, help="All, instead of a page.")
@click.option("--token", default="", help="The page that begins where the one that gave this token ended.")
@click.option("--as-of", metavar="TIME|SEQ", help="As the registry stood then, or after that journal entry.")
@session
def command(
    session: Session,
    project: str | None,
    domain: str | None,
    all_versions: bool,
    filters: tuple[str, ...],
    keys: tuple[str, ...],
    limit: int,
    everything: bool,
    token: str,
    as_of: str | None,
) -> None:
    """List tasks, the newest version of each.

    A filter is COLUMN=VALUE, or with != > >= < <= in place of =, or ~ (contains), ~~ (contains, whatever the case),
    ^ (starts with), $ (ends with), !$ (does not), or COLUMN in A,B or COLUMN not in A,B. Values are literal.
    """
    from taskstore.cli.moment import parse_moment
    from taskstore.index.queries import TaskQuery, parse_filter, parse_sort

    query = TaskQuery(
        project=project,
        domain=domain,
        all_versions=all_versions,
        filters=tuple(map(parse_filter, filters)),
        sort=tuple(map(parse_sort, keys)),
        limit=None if everything else limit,
        token=token,
        as_of=parse_moment(as_of) if as_of else None,
    )
    with session.open() as store:
        session.answer(_answer(store.list_tasks(query)))


def _answer(page: TaskPage) -> Answer:
    shown = f"{len(page.tasks)} of {page.filtered_total}"
    more = f"; the next: --token {page.next_token}" if page.next_token else ""
    return Answer(
        document={name: getattr(page, name) for name in page.__struct_fields__},
        rows=page.tasks,
        sections=[Table(_COLUMNS, page.tasks)],
        notes=[f"{shown}{more}"],
    )


def triggers_in_short(task: TaskRow) -> str:
    """The triggers of a version in a few words: the only one by its name, several by their number."""
    if task.trigger_name:
        return task.trigger_name if task.active_triggers else f"{task.trigger_name} (off)"
    return f"{task.active_triggers} of {task.total_triggers} active" if task.total_triggers else ""


_COLUMNS = (
    Column("TASK", lambda task: f"{task.project}/{task.domain}/{task.name}", "bold"),
    Column("VERSION", lambda task: task.version),
    Column("TRIGGERS", triggers_in_short),
    Column("UPDATED", lambda task: task.updated_at, "dim"),
    Column("DESCRIPTION", lambda task: task.short_description),
    Column("BY", lambda task: task.deployed_by, "dim"),
)
