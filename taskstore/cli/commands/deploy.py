"""`taskstore deploy`: deploy manifests."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from taskstore.cli.answer import Answer, Column, Table
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session

if TYPE_CHECKING:
    from taskstore.store.results import DeployReport, DeployResult
    from taskstore.store.source import Source


@click.command(
    cls=Command,
    examples="""
    taskstore deploy hello.yaml
    taskstore deploy manifests/ more.json --by release-pipeline
    taskstore deploy --dry-run --json manifests/
    generate-manifest | taskstore deploy -
    """,
)
@click.argument("manifests", metavar="FILE|DIR|-...", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Say what would become of each manifest, and change nothing.")
@click.option("--by", metavar="WHO", help="Who deploys. [the user and host]")
@session
def command(session: Session, manifests: tuple[str, ...], dry_run: bool, by: str | None) -> int:
    """Deploy manifests.

    Named as files, as folders (the manifests in and below them), or by - for standard input, which is JSON if it begins
    with { or [, else YAML. Each file is one transaction: all of its documents are deployed or none. A refused one does
    not hold up the others; the exit code is 3 if any was refused.
    """
    from taskstore.cli.collect import list_manifests
    from taskstore.store.results import DeployReport

    unread: list[DeployResult] = []
    paths = list_manifests(manifests)
    with session.open() as store:
        report = store.deploy(_read(paths, unread), by=by, dry_run=dry_run)
    report = DeployReport((*report.results, *unread))
    session.answer(_answer(report, dry_run=dry_run))
    return _tell(report.results)


def _read(paths: Sequence[str], unread: list[DeployResult]) -> Iterator[Source]:
    """Read the files as they are needed, with a progress bar on a terminal; what cannot be read goes to `unread`."""
    from taskstore.cli.collect import read_manifest_file
    from taskstore.errors import TaskstoreError
    from taskstore.plan.outcome import Outcome
    from taskstore.store.results import DeployResult

    with click.progressbar(paths, label="Deploying", file=sys.stderr, hidden=not sys.stderr.isatty()) as progress:
        for path in progress:
            try:
                yield read_manifest_file(path)
            except TaskstoreError as error:
                unread.append(DeployResult(path=path, document=0, outcome=Outcome.REJECTED, error=error))


def _answer(report: DeployReport, *, dry_run: bool) -> Answer:
    results, summary = report.results, report.summary
    counts = ", ".join(f"{getattr(summary, name)} {name}" for name in summary.__struct_fields__)
    return Answer(
        document={"results": results, "summary": summary},
        rows=results,
        sections=[Table(_COLUMNS, results)],
        notes=[f"{counts}{' (dry run: nothing was changed)' if dry_run else ''}"],
    )


def _tell(results: Sequence[DeployResult]) -> int:
    """Tell warnings and refusals on stderr; returns the exit code."""
    from taskstore.cli.errors import INVALID_INPUT, tell, warn

    refused = [result.error for result in results if result.error]
    for result in results:
        for warning in result.warnings:
            warn(f"{result.path}: {warning}")
        if result.error:
            tell(result.error, at=result.path)
    return INVALID_INPUT if refused else 0


def _subject(result: DeployResult) -> str:
    if result.task:
        return str(result.task)
    return f"project {result.project}" if result.project else "-"


_COLUMNS = (
    Column("OUTCOME", lambda result: result.outcome, "bold"),
    Column("TASK", _subject),
    Column("REVISION", lambda result: result.revision),
    Column("DIGEST", lambda result: result.digest),
    Column("FILE", lambda result: result.path),
)
