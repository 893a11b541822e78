"""`taskstore bundle`: carry a store's facts to another one."""

from __future__ import annotations

import click

from taskstore.cli.group import LazyGroup


@click.group(
    cls=LazyGroup,
    no_args_is_help=False,
    table={
        "create": ("taskstore.cli.commands.bundle_create", "Write a store's facts and blobs into a file."),
        "inspect": ("taskstore.cli.commands.bundle_inspect", "Show what is in a bundle, and what it needs."),
        "verify": ("taskstore.cli.commands.bundle_verify", "Check a bundle against this store, and write nothing."),
        "apply": ("taskstore.cli.commands.bundle_apply", "Take bundles in."),
        "receipt": ("taskstore.cli.commands.bundle_receipt", "Write down what this store has of others."),
    },
)
def command() -> None:
    """Carry tasks to stores that no network reaches."""
