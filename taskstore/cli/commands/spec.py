"""`taskstore spec`: specifications alone, apart from any deploy."""

from __future__ import annotations

import sys

import click

from taskstore.cli.answer import Answer, Column, Fields, Table
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session
from taskstore.cli.plain import plain


@click.group(no_args_is_help=False)
def command() -> None:
    """Store and read specifications alone."""


@command.command(
    cls=Command,
    examples="""
    taskstore spec put spec.json
    taskstore spec put - --digest blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85 < spec.json
    """,
)
@click.argument("file", metavar="FILE|-")
@click.option("--digest", metavar="DIGEST", help="Refuse the specification unless this is its digest.")
@session
def put(session: Session, file: str, digest: str | None) -> None:
    """Store a specification (a TaskSpec, not a whole manifest) without deploying it.

    Its digest is that of its canonical form. What is there already is left alone.
    """
    from taskstore.cli.collect import read_manifest_file
    from taskstore_specs.digest import Digest

    expected = Digest.parse(digest) if digest else None
    with session.open() as store:
        facts = plain(store.put_spec(read_manifest_file(file), expected=expected))
    session.answer(Answer(document=facts, rows=[facts], sections=[Fields(facts)]))


@command.command(
    cls=Command,
    examples="""
    taskstore spec get blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85 | jq .taskTemplate
    taskstore spec get "$(taskstore show TASK --json | jq -r .task.digest)" | b3sum
    """,
)
@click.argument("digest")
@session
def get(session: Session, digest: str) -> None:
    """Print the exact bytes of a specification, whatever the output format.

    They are canonical JSON (RFC 8785); their BLAKE3 digest, which any program can compute, is DIGEST.
    """
    from taskstore_specs.digest import Digest

    with session.open() as store:
        data = store.get_spec(Digest.parse(digest))
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


@command.command(
    "list",
    cls=Command,
    examples="""
    taskstore spec list --limit 10
    taskstore spec list --all -o csv
    """,
)
@click.option("--limit", type=int, default=0, metavar="N", help="So many, 200 at most. [50]")
@click.option("--all", "everything", is_flag=True, help="All.")
@session
def list_(session: Session, limit: int, everything: bool) -> None:
    """List the specifications, the latest first."""
    with session.open() as store:
        specs = store.list_specs(None if everything else limit)
    session.answer(Answer(document={"specs": specs}, rows=specs, sections=[Table(_COLUMNS, specs)]))


@command.command(
    cls=Command,
    examples="taskstore spec users blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
)
@click.argument("digest")
@session
def users(session: Session, digest: str) -> None:
    """List the task versions that a specification was ever deployed as."""
    from taskstore_specs.digest import Digest

    with session.open() as store:
        found = store.spec_users(Digest.parse(digest))
    session.answer(Answer(document={"users": found}, rows=found, sections=[Table(_USER_COLUMNS, found)]))


_COLUMNS = (
    Column("DIGEST", lambda spec: spec.digest, "bold"),
    Column("SIZE", lambda spec: spec.size),
    Column("VERSIONS", lambda spec: spec.versions),
    Column("CREATED", lambda spec: spec.created_at, "dim"),
)
_USER_COLUMNS = (
    Column("TASK", lambda user: f"{user.project}/{user.domain}/{user.name}@{user.version}", "bold"),
    Column("REVISION", lambda user: user.revision),
    Column("CURRENT", lambda user: user.current),
)
