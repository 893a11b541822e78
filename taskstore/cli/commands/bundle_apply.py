"""`taskstore bundle apply`: take bundles in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskstore.cli.answer import Answer, Column, Table
from taskstore.cli.group import Command
from taskstore.cli.options import OutputFormat, Session, session

if TYPE_CHECKING:
    from taskstore.bundle import Applied, Bundle
    from taskstore.store.store import Store


@click.command(
    cls=Command,
    examples="""
    taskstore bundle apply everything.tar
    taskstore bundle apply big.tar.part*
    taskstore bundle apply delta.tar --on-conflict theirs
    """,
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--on-conflict",
    type=click.Choice(["refuse", "ours", "theirs"]),
    default="refuse",
    help="What becomes of contradictions: refuse the bundle, keep what is here, or take what comes. [refuse]",
)
@click.option("--by", metavar="WHO", help="Who takes it in. [the user and host]")
@session
def command(session: Session, files: tuple[Path, ...], on_conflict: str, by: str | None) -> int:
    """Take bundles in.

    Each is verified whole before anything is written. What is known already is left alone, so doing it again is
    harmless, and goes on where it was stopped. All parts of a bundle are named together, in any order.
    """
    from taskstore.bundle import opened
    from taskstore.cli.bundles import conflict_table
    from taskstore.cli.table import write_sections
    from taskstore.errors import BundleConflictError

    done: list[tuple[Bundle, Applied]] = []
    with opened(files) as bundles, session.open() as store:
        try:
            for bundle in bundles:
                done.append((bundle, _apply(store, bundle, on_conflict, by)))
        except BundleConflictError as error:
            if session.format is OutputFormat.TABLE:
                write_sections([conflict_table(error.conflicts)], sys.stderr)
            raise
    rows = [_row(*each) for each in done]
    decided = [conflict for _, applied in done for conflict in applied.decided]
    session.answer(Answer(document={"bundles": rows}, rows=rows, sections=[_table(rows), conflict_table(decided)]))
    return 0


def _apply(store: Store, bundle: Bundle, on_conflict: str, by: str | None) -> Applied:
    from taskstore.bundle import OnConflict, apply
    from taskstore.cli.bundles import progress
    from taskstore.store.store import caller

    with progress("Taking in") as show:
        return apply(store, bundle, OnConflict(on_conflict), by or caller(), show)


def _row(bundle: Bundle, applied: Applied) -> dict[str, Any]:
    return {
        "name": bundle.name,
        "digest": applied.digest,
        "store_id": applied.config.store_id,
        "since": applied.config.since.sequence,
        "until": applied.config.until.sequence,
        "taken": applied.taken,
        "known": applied.known,
        "sequences": applied.sequences,
        "signed_by": applied.signed_by,
        "decided": applied.decided,
    }


def _table(rows: list[dict[str, Any]]) -> Table:
    return Table(
        (
            Column("BUNDLE", lambda row: row["name"], "bold"),
            Column("FROM", lambda row: row["store_id"]),
            Column("SINCE", lambda row: row["since"]),
            Column("UNTIL", lambda row: row["until"]),
            Column("TAKEN", lambda row: row["taken"]),
            Column("KNOWN", lambda row: row["known"]),
            Column("SIGNED BY", lambda row: row["signed_by"]),
        ),
        rows,
    )
