"""What the commands on bundles have in common: how far they are, and how they describe a bundle."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from taskstore.cli.answer import Column, Table

if TYPE_CHECKING:
    from taskstore.bundle.layout import Config
    from taskstore.plan.survey import Conflict


_STEPS = 200
"""How often a bar is drawn at most."""


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Tells how far an operation is, by a bar on a terminal; told how many of how many things are done."""
    bar = click.progressbar(length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())
    with bar:

        def show(done: int, total: int) -> None:
            if done == total or done - bar.pos >= total // _STEPS:  # drawing it takes longer than most things do
                bar.length = total
                bar.update(done - bar.pos)

        yield show


def facts_of(digest: str, config: Config) -> dict[str, Any]:
    """A bundle as JSON has it."""
    selection = config.selection
    return {
        "digest": digest,
        "store_id": config.store_id,
        "since": config.since.sequence,
        "until": config.until.sequence,
        "until_digest": config.until.digest,
        "until_time": config.until_time,
        "scope": selection.scope,
        "project": selection.project,
        "domain": selection.domain,
        "tasks": [f"{t.project}/{t.domain}/{t.name}{'@' if t.version else ''}{t.version}" for t in selection.tasks],
        "latest": selection.latest,
        "entries": config.counts.entries,
        "changes": config.counts.changes,
        "blobs": config.counts.blobs,
    }


def conflict_table(conflicts: Sequence[Conflict]) -> Table:
    """Contradictions between a bundle and a store, for people."""
    return Table(
        (
            Column("CONFLICT", lambda conflict: conflict.kind, "bold"),
            Column("WHAT", lambda conflict: conflict.name),
            Column("OURS", lambda conflict: conflict.ours),
            Column("THEIRS", lambda conflict: conflict.theirs),
        ),
        conflicts,
    )
