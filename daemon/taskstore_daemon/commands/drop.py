"""`taskstored drop`: put files into a watched folder, each whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taskstore.cli.answer import Answer, Column, Table
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session

if TYPE_CHECKING:
    from taskstore_daemon.drops import Drop, Receipt
    from taskstore_daemon.receipts import Receipts

_PAUSE_SECONDS = 0.05


@click.command(
    cls=Command,
    examples="""
    taskstored drop hello.yaml inbox
    taskstored drop --wait manifests/*.json inbox
    taskstored drop --wait big.tar.part* big.tar.sig inbox
    """,
)
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.argument("inbox", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--wait", is_flag=True, help="Wait until the daemon dealt with them, and print their receipts.")
@click.option("--timeout", type=click.FloatRange(min=0), default=60.0, show_default=True, help="Seconds to wait.")
@click.option(
    "--receipts",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the daemon puts receipts. [receipts/ in the inbox]",
)
@session
def command(
    session: Session, files: tuple[Path, ...], inbox: Path, wait: bool, timeout: float, receipts: Path | None
) -> int:
    """Put files into a watched folder: written under another name, made durable, then renamed into place.

    A bundle is dropped with its parts and its signature. With --wait the exit code is 3 if any was refused, 6 if the
    daemon did not deal with all of them in time.
    """
    from taskstore_daemon.drops import gather, put
    from taskstore_daemon.receipts import Receipts

    drops = gather(files)
    told = Receipts(inbox, receipts)
    awaited = [(drop, told.read(drop.name)) for drop in drops if drop.is_awaited] if wait else []
    for drop in drops:
        put(drop, inbox)
    if not wait:
        dropped = [{"path": str(inbox / file.name)} for file in files]
        session.answer(Answer(document={"dropped": dropped}, rows=dropped, sections=()))
        return 0
    found = _wait(told, awaited, time.monotonic() + timeout)
    session.answer(Answer(document={"receipts": found}, rows=found, sections=[Table(_COLUMNS, found)]))
    return 3 if any(receipt["outcome"] in ("rejected", "waiting") for receipt in found) else 0


def _wait(told: Receipts, awaited: Sequence[tuple[Drop, Receipt | None]], deadline: float) -> list[Receipt]:
    """The receipts of what was dropped, in order; each with the receipt that was there before.

    Raises BusyError when they do not come.
    """
    from taskstore.errors import BusyError

    found: dict[str, Receipt] = {}
    while True:
        for drop, before in awaited:
            receipt = told.read(drop.name) if drop.name not in found else None
            if receipt is not None and drop.is_answered(receipt, before):
                found[drop.name] = receipt
        missing = sorted(drop.name for drop, _ in awaited if drop.name not in found)
        if not missing:
            return [found[drop.name] for drop, _ in awaited]
        if time.monotonic() >= deadline:
            raise BusyError(
                f"no receipt for {len(missing)} of {len(awaited)} files, {missing[0]!r} among them",
                hint="`taskstored status` says whether a daemon watches the folder, and what it waits for",
            )
        time.sleep(_PAUSE_SECONDS)


_COLUMNS = (
    Column("OUTCOME", lambda receipt: receipt["outcome"], "bold"),
    Column("FILE", lambda receipt: receipt["path"]),
    Column("ENTRY", lambda receipt: receipt["sequence"]),
    Column("WHY", lambda receipt: "; ".join(_errors(receipt))),
)


def _errors(receipt: Receipt) -> list[str]:
    if "documents" not in receipt:
        return [receipt["error"]["message"]] if receipt["error"] else [receipt["why"]]
    return [document["error"]["message"] for document in receipt["documents"] if document["error"]]
