"""`taskstored drop`: put files into a watched folder, each whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from taskstore.cli.answer import Answer, Column, Table
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session

_PAUSE_SECONDS = 0.05


@click.command(
    cls=Command,
    examples="""
    taskstored drop hello.yaml inbox
    taskstored drop --wait manifests/*.json inbox
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

    With --wait the exit code is 3 if any was refused, 6 if the daemon did not deal with all of them in time.
    """
    from taskstore.disk.files import replace_file
    from taskstore_daemon.receipts import Receipts

    contents = _read(files)
    told = Receipts(inbox, receipts)
    before = {name: told.read(name) for name in contents} if wait else {}
    for name, data in contents.items():
        replace_file(inbox / name, data, tmp=inbox)
    if not wait:
        dropped = [{"path": str(inbox / name)} for name in contents]
        session.answer(Answer(document={"dropped": dropped}, rows=dropped, sections=()))
        return 0
    found = _wait(told, contents, before, time.monotonic() + timeout)
    session.answer(Answer(document={"receipts": found}, rows=found, sections=[Table(_COLUMNS, found)]))
    return 3 if any(receipt["outcome"] == "rejected" for receipt in found) else 0


def _read(files: tuple[Path, ...]) -> dict[str, bytes]:
    """The contents by name. Raises InvalidInputError of a name that is never taken, or that two files have."""
    from taskstore.disk.files import read_file
    from taskstore.errors import InvalidInputError
    from taskstore_daemon.names import why_ignored
    from taskstore_specs.limits import MANIFEST_BYTES

    contents: dict[str, bytes] = {}
    for path in files:
        why = why_ignored(path.name)
        if why is not None:
            raise InvalidInputError(f"{path} would be ignored: {why.value}", hint="give it another name")
        if path.name in contents:
            raise InvalidInputError(f"two files are called {path.name}", hint="drop them one after the other")
        contents[path.name] = read_file(path, most=MANIFEST_BYTES, follow=True)
    return contents


def _wait(
    told: Any, contents: Mapping[str, bytes], before: Mapping[str, dict[str, Any] | None], deadline: float
) -> list[dict[str, Any]]:
    """The receipts of what was dropped, in order. Raises BusyError when they do not come."""
    from taskstore.errors import BusyError
    from taskstore_specs.digest import Digest

    found: dict[str, dict[str, Any]] = {}
    wanted = {name: str(Digest.of(data)) for name, data in contents.items()}
    while True:
        for name in wanted.keys() - found.keys():
            receipt = told.read(name)
            if receipt is not None and receipt["content"] == wanted[name] and _is_answer(receipt, before[name]):
                found[name] = receipt
        if len(found) == len(wanted):
            return [found[name] for name in wanted]
        if time.monotonic() >= deadline:
            missing = sorted(wanted.keys() - found.keys())
            raise BusyError(
                f"no receipt for {len(missing)} of {len(wanted)} files, {missing[0]!r} among them",
                hint="`taskstored status` says whether a daemon watches the folder, and what it waits for",
            )
        time.sleep(_PAUSE_SECONDS)


def _is_answer(receipt: dict[str, Any], before: dict[str, Any] | None) -> bool:
    """A receipt from before stands for content that is deployed, which is left alone; a refused one is tried anew."""
    return receipt["outcome"] != "rejected" or receipt != before


_COLUMNS = (
    Column("OUTCOME", lambda receipt: receipt["outcome"], "bold"),
    Column("FILE", lambda receipt: receipt["path"]),
    Column("ENTRY", lambda receipt: receipt["sequence"]),
    Column("WHY", lambda receipt: "; ".join(_errors(receipt))),
)


def _errors(receipt: dict[str, Any]) -> list[str]:
    return [document["error"]["message"] for document in receipt["documents"] if document["error"]]
