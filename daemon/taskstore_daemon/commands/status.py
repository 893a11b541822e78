"""`taskstored status`: what the running daemon does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from taskstore.cli.answer import Answer, Column, Fields, Section, Table
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session

if TYPE_CHECKING:
    from taskstore.store.health import InboxState


@click.command(
    cls=Command,
    examples="""
    taskstored status
    taskstored status --json --store registry
    """,
)
@session
def command(session: Session) -> int:
    """Show what is watched, how, what waits, what was refused and what went wrong last.

    An inbox that was watched once and is not now is shown as not running.
    """
    from taskstore.store.health import read_all

    with session.open() as store:
        states = list(read_all(store.root))
    session.answer(
        Answer(
            document={"inboxes": [_document(state) for state in states]},
            rows=[_document(state) for state in states],
            sections=[section for state in states for section in _sections(state)],
            notes=() if states else ("no daemon has watched a folder for this store",),
        )
    )
    return 0


def _document(state: InboxState) -> dict[str, object]:
    health = state.health
    fields = {name: getattr(health, name) for name in health.__struct_fields__}
    return {"inbox": fields.pop("inbox"), "running": state.running, **fields}


def _sections(state: InboxState) -> list[Section]:
    shown = _document(state)
    tables = [shown.pop(name) for name in ("refused", "waiting_files", "ignored_files")]
    counts = state.health.counts
    shown["counts"] = ", ".join(f"{getattr(counts, name)} {name}" for name in counts.__struct_fields__)
    sections: list[Section] = [Fields(shown)]
    for title, rows in zip(("REFUSED", "WAITING", "IGNORED"), tables, strict=True):
        if rows:
            columns = (Column(title, lambda named: named.path), Column("WHY", lambda named: named.why))
            sections.append(Table(columns, list(rows)))  # type: ignore[call-overload]
    return sections
