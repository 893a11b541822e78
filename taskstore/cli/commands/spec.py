"""`taskstore spec`: specifications alone, apart from any deploy."""

from __future__ import annotations

import sys

import click

from taskstore.cli.answer import Answer, Fields
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
