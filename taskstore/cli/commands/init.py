"""`taskstore init`: make a store."""

from __future__ import annotations

from pathlib import Path

import click

from taskstore.cli.answer import Answer, Fields
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session


@click.command(
    cls=Command,
    examples="""
    taskstore init registry --project flytesnacks
    taskstore init registry --versions immutable --projects auto
    """,
)
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--project", "declared", multiple=True, metavar="ID", help="Declare this project; may be repeated.")
@click.option(
    "--versions",
    type=click.Choice(["mutable", "immutable"]),
    default="mutable",
    help="May a version's content be replaced? [mutable]",
)
@click.option(
    "--projects",
    type=click.Choice(["declared", "auto"]),
    default="declared",
    help="Must projects be declared, or does the first deploy to one declare it? [declared]",
)
@click.option(
    "--signatures",
    type=click.Choice(["optional", "required"]),
    default="optional",
    help="Is only taken what somebody signed whom the store's file allowed_signers names? [optional]",
)
@session
def command(
    session: Session, folder: Path | None, declared: tuple[str, ...], versions: str, projects: str, signatures: str
) -> None:
    """Make a store.

    DIR must be new or empty; without it, the store is made where --store or TASKSTORE_HOME says, else here.
    """
    from taskstore.plan.policy import ProjectPolicy, SignaturePolicy, VersionPolicy
    from taskstore.store.store import Store

    with Store.init(
        folder or session.named or Path(),
        projects=declared,
        versions=VersionPolicy(versions),
        project_policy=ProjectPolicy(projects),
        signatures=SignaturePolicy(signatures),
    ) as store:
        facts = {"store": str(store.root), "store_id": store.config.store_id}
    session.answer(Answer(document=facts, rows=[facts], sections=[Fields(facts)]))
