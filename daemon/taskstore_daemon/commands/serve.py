"""`taskstored serve`: answer the stock Flyte client."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from taskstore.cli.group import Command
from taskstore_daemon.commands.serving import Serving, serving


@click.command(
    cls=Command,
    examples="""
    taskstored serve
    taskstored serve --listen 0.0.0.0:8089 --token-file tokens --tls-cert server.pem --tls-key server.key
    taskstored serve --listen 10.0.0.5:8089 --tls-cert server.pem --tls-key server.key --client-ca ca.pem
    """,
)
@click.option(
    "--store",
    type=click.Path(path_type=Path),
    envvar="TASKSTORE_HOME",
    metavar="DIR",
    help="The store. [else TASKSTORE_HOME, else the nearest parent folder that is one]",
)
@serving("127.0.0.1:8089")
@click.option("--log", "log_form", type=click.Choice(["text", "json"]), default="text", help="The form of the log.")
def command(store: Path | None, serving: Serving, log_form: str) -> None:
    """Serve a store to the stock Flyte client, as its control plane, until SIGTERM or SIGINT.

    On this machine's own address anybody on it may call. Any other address needs --token-file (lines `NAME TOKEN`,
    readable by you alone) or --client-ca. Needs `pip install taskstore[flyte]`.
    """
    from taskstore.store.store import Store
    from taskstore_daemon import log

    log.configure(as_json=log_form == "json")
    with Store.open(store or Store.find(Path.cwd())) as opened, serving.server(opened) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
        server.wait()
