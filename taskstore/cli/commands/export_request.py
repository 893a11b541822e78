"""`taskstore export-request`: a stored version as the request that deploys it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from taskstore.cli.complete import complete_task
from taskstore.cli.group import Command
from taskstore.cli.options import Session, scope, session

if TYPE_CHECKING:
    from taskstore_specs.models import DeployTask


@click.command(
    cls=Command,
    examples="""
    taskstore export-request flytesnacks/development/hello.main > hello.json
    taskstore export-request flytesnacks/development/hello.main@v1 --pb | protoc --decode_raw
    taskstore export-request -p flytesnacks -d development hello.main@v1 | taskstore --store other deploy -
    """,
)
@click.argument("task", metavar="TASK[@VERSION]", shell_complete=complete_task)
@click.option("--pb", "as_protobuf", is_flag=True, help="In the wire form. Needs taskstore[flyte].")
@scope
@session
def command(session: Session, task: str, as_protobuf: bool, project: str | None, domain: str | None) -> None:
    """Print a version as the request that deploys it.

    Flyte's DeployTaskRequest: a manifest in JSON, or with --pb a protobuf message. Without a version it is the newest.
    The triggers are those of its last deploy, as they were then. Whatever deploys the request gets the same digest.
    """
    from taskstore.cli.address import parse_address

    if as_protobuf:
        from taskstore.cli.extras import require_flyte

        require_flyte()
    name, version = parse_address(task, project, domain)
    with session.open() as store:
        request = store.export_request(name, version)
    sys.stdout.buffer.write(_encode(request, as_protobuf=as_protobuf))
    sys.stdout.buffer.flush()


def _encode(request: DeployTask, *, as_protobuf: bool) -> bytes:
    if as_protobuf:
        from taskstore.flyte.messages import encode_request

        return encode_request(request)
    from taskstore_specs import encode_canonical

    return encode_canonical(request)
