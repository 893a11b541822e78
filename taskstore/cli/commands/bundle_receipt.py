"""`taskstore bundle receipt`: write down what a store has of others."""

from __future__ import annotations

from pathlib import Path

import click

from taskstore.cli.answer import Answer, Block, Column, Table
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session


@click.command(
    cls=Command,
    examples="""
    taskstore bundle receipt site.receipt
    taskstore bundle receipt site.receipt --origin 8f14e45f-ceea-467f-a9d1-6f1d8a9a3c01
    """,
)
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--origin", metavar="ID", help="Only what it has of the store with this id. [all that were followed]")
@session
def command(session: Session, out: Path, origin: str | None) -> None:
    """Write down what this store has of others.

    The receipt is a few lines of text, under 1,000 bytes: it can be typed, or be a QR code. With it the other side
    makes a bundle of exactly what is lacking here: `bundle create --receipt`.
    """
    from taskstore.bundle import encode_receipt, take_receipt
    from taskstore.disk.outgoing import writing

    with session.open() as store:
        receipt = take_receipt(store, origin)
    data = encode_receipt(receipt)
    with writing(out) as file:
        file.write(data)
    columns = (
        Column("FROM", lambda known: known.store_id, "bold"),
        Column("SEQUENCE", lambda known: known.sequence),
        Column("SCOPE", lambda known: known.scope),
    )
    document = {"file": str(out), "size": len(data), "store_id": receipt.store_id, "known": receipt.known}
    session.answer(
        Answer(
            document=document,
            rows=receipt.known,
            sections=[Table(columns, receipt.known), Block("Receipt", data.decode("ascii"))],
        )
    )
