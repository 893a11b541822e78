"""The entry point of `taskstored`: the table of its commands."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from taskstore.cli.group import LazyGroup
from taskstore.cli.main import run

COMMANDS = {
    "run": ("taskstore_daemon.commands.run", "Watch folders and deploy what is dropped."),
    "status": ("taskstore_daemon.commands.status", "Show what the running daemon does."),
    "serve": ("taskstore_daemon.commands.serve", "Serve a store to the stock Flyte client."),
    "drop": ("taskstore_daemon.commands.drop", "Put files into a watched folder, each whole or not at all."),
}


@click.command(cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Watches folders and deploys the manifests that are dropped into them.

    The store is the one that --store names, else TASKSTORE_HOME, else the nearest parent folder that is one.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` (else those of the process) name; returns the exit code."""
    return run(cli, "taskstored", arguments)


if __name__ == "__main__":
    sys.exit(main())
