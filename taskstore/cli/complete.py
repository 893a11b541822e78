"""Completing the address of a task: its project, domain and name, and after an `@` its version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from taskstore.store.store import Store


def complete_task(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The tasks, or after an `@` the versions, that `incomplete` may become; none where there is no store to ask."""
    from taskstore.cli.options import OutputFormat, Session
    from taskstore.errors import TaskstoreError

    project, domain = ctx.params.get("project"), ctx.params.get("domain")
    try:
        with Session(ctx.params.get("store"), OutputFormat.TABLE).open() as store:
            find = _versions if "@" in incomplete else _tasks
            return list(map(CompletionItem, find(store, incomplete, project, domain)))
    except TaskstoreError:
        return []


def _tasks(store: Store, incomplete: str, project: str | None, domain: str | None) -> Iterator[str]:
    from taskstore.index.queries import Filter, Operator, TaskQuery
    from taskstore.index.queries.paging import MOST_LIMIT

    alone = project is not None and domain is not None and "/" not in incomplete
    columns, parts = (["name"], [incomplete]) if alone else (["project", "domain", "name"], incomplete.split("/"))
    *whole, begun = zip(columns, parts, strict=False)
    filters = (
        *(Filter(column, Operator.EQUAL, (part,)) for column, part in whole),
        Filter(begun[0], Operator.STARTS_WITH, (begun[1],)),
    )
    query = TaskQuery(
        project=project if alone else None, domain=domain if alone else None, filters=filters, limit=MOST_LIMIT
    )
    for task in store.list_tasks(query).tasks:
        yield task.name if alone else f"{task.project}/{task.domain}/{task.name}"


def _versions(store: Store, incomplete: str, project: str | None, domain: str | None) -> Iterator[str]:
    from taskstore.cli.address import parse_task
    from taskstore.index.queries import VersionQuery
    from taskstore.index.queries.paging import MOST_LIMIT

    address, _, begun = incomplete.partition("@")
    query = VersionQuery(parse_task(address, project, domain), limit=MOST_LIMIT)
    for version in store.list_versions(query).versions:
        if version.version.startswith(begun):
            yield f"{address}@{version.version}"
