"""`taskstore bundle create`: write a store's facts and blobs into a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taskstore.cli.answer import Answer, Fields
from taskstore.cli.group import Command
from taskstore.cli.options import Session, scope, session
from taskstore.cli.size import parse_size

if TYPE_CHECKING:
    from taskstore.index.selection import Selection


@click.command(
    cls=Command,
    examples="""
    taskstore bundle create everything.tar
    taskstore bundle create delta.tar --receipt site.receipt --sign ~/.ssh/id_ed25519
    taskstore bundle create delta.tar --since 1042 --max-part 4G
    taskstore bundle create some.tar -p flytesnacks -d production --latest
    """,
)
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
@click.argument("tasks", metavar="[TASK[@VERSION]]...", nargs=-1)
@click.option("--since", type=click.IntRange(min=0), metavar="SEQ", help="Only what follows this entry. [everything]")
@click.option(
    "--receipt", type=click.Path(path_type=Path), metavar="FILE", help="Only what the store that wrote it lacks."
)
@click.option("--latest", is_flag=True, help="Of each task only the newest version, and those that triggers start.")
@click.option("--max-part", type=parse_size, metavar="SIZE", help="Cut it into parts of at most this size (700M, 4G).")
@click.option(
    "--sign",
    type=click.Path(path_type=Path),
    metavar="KEY",
    help="Sign it with this SSH key, or the agent's key of this public one, into OUT.sig.",
)
@scope
@session
def command(
    session: Session,
    out: Path,
    tasks: tuple[str, ...],
    since: int | None,
    receipt: Path | None,
    latest: bool,
    max_part: int | None,
    sign: Path | None,
    project: str | None,
    domain: str | None,
) -> None:
    """Write a store's facts and blobs into a file.

    The file is an OCI image layout in a tar: container registries carry it unchanged. The same facts give the same
    bytes. Named tasks, -p and -d choose some of the facts.
    """
    from taskstore.bundle import decode_receipt, make_bundle
    from taskstore.bundle.limits import RECEIPT_BYTES
    from taskstore.cli.bundles import facts_of, progress
    from taskstore.disk.files import read_file

    if since is not None and receipt is not None:
        raise click.UsageError("give --since or --receipt")
    known = decode_receipt(read_file(receipt, most=2 * RECEIPT_BYTES, follow=True)) if receipt else None
    selection = _selection(tasks, project, domain, latest=latest)
    with session.open() as store, progress("Packing") as show:
        made = make_bundle(
            store,
            out,
            since=since,
            receipt=known,
            selection=selection,
            most=max_part,
            key=sign,
            progress=show,
        )
    facts = {
        "files": [str(path) for path in made.files],
        "size": made.size,
        "signature": made.signature and str(made.signature),
        **facts_of(made.created.digest, made.created.config),
    }
    session.answer(Answer(document=facts, rows=[facts], sections=[Fields(facts)]))


def _selection(tasks: Sequence[str], project: str | None, domain: str | None, *, latest: bool) -> Selection:
    from taskstore.cli.address import parse_address
    from taskstore.index.selection import Chosen, Selection
    from taskstore_specs.identity import check_domain, check_project

    chosen = []
    for text in tasks:
        task, version = parse_address(text, project, domain)
        chosen.append(Chosen(task.project, task.domain, task.name, version or ""))
    return Selection(
        project=check_project(project) if project and not tasks else "",
        domain=check_domain(domain) if domain and not tasks else "",
        tasks=tuple(sorted(set(chosen))),
        latest=latest,
    )
