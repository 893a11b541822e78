"""`taskstore bundle verify`: check a bundle against a store."""

from __future__ import annotations

from pathlib import Path

import click

from taskstore.cli.answer import Answer, Fields
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session


@click.command(
    cls=Command,
    examples="""
    taskstore bundle verify delta.tar
    taskstore bundle verify big.tar.part*
    """,
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@session
def command(session: Session, files: tuple[Path, ...]) -> int:
    """Check a bundle against this store, and write nothing.

    Every digest, the chain, the signature, whether this store knows what the bundle builds on, and what of it
    contradicts the store. The exit code is 5 if anything does.
    """
    from taskstore.bundle import OnConflict, check_signature, examine, opened, require_one
    from taskstore.cli.bundles import conflict_table, facts_of, progress
    from taskstore.cli.errors import CONFLICT

    with opened(files) as bundles, session.open() as store, progress("Verifying") as show:
        bundle = require_one(bundles)
        signer = check_signature(store, bundle)
        examined = examine(store, bundle, OnConflict.REFUSE, show)
        facts = {"name": bundle.name, **facts_of(bundle.digest, bundle.config)}
    conflicts = examined.plan.refused
    facts |= {"signed_by": signer and signer.principal, "followed": examined.followed}
    session.answer(
        Answer(
            document={**facts, "conflicts": conflicts},
            rows=conflicts or [facts],
            sections=[Fields(facts), conflict_table(conflicts)],
        )
    )
    return CONFLICT if conflicts else 0
