"""`taskstored serve`: answer the stock Flyte client."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from taskstore.cli.group import Command

if TYPE_CHECKING:
    from taskstore_daemon.serve.server import Access

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


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
@click.option("--listen", "address", default="127.0.0.1:8089", metavar="HOST:PORT", help="Where. [127.0.0.1:8089]")
@click.option("--token-file", type=_FILE, metavar="FILE", help="Take only callers with one of its tokens.")
@click.option("--tls-cert", type=_FILE, metavar="PEM", help="The server's certificate.")
@click.option("--tls-key", type=_FILE, metavar="PEM", help="Its key.")
@click.option("--client-ca", type=_FILE, metavar="PEM", help="Take only clients with a certificate of this authority.")
@click.option("--log", "log_form", type=click.Choice(["text", "json"]), default="text", help="The form of the log.")
def command(
    store: Path | None,
    address: str,
    token_file: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    client_ca: Path | None,
    log_form: str,
) -> None:
    """Serve a store to the stock Flyte client, as its control plane, until SIGTERM or SIGINT.

    On this machine's own address anybody on it may call. Any other address needs --token-file (lines `NAME TOKEN`,
    readable by you alone) or --client-ca. Needs `pip install taskstore[flyte]`.
    """
    from taskstore.cli.extras import require_flyte

    require_flyte()
    from taskstore.store.store import Store
    from taskstore_daemon import log
    from taskstore_daemon.serve.server import listen, parse_address, serve, url_of

    log.configure(as_json=log_form == "json")
    access = _access(token_file, tls_cert, tls_key, client_ca)
    with Store.open(store or Store.find(Path.cwd())) as opened, listen(parse_address(address), access) as listener:
        url = url_of(listener, access)
        serve(opened, listener, access, started=lambda: log.info("serving", store=opened.root, url=url))


def _access(token_file: Path | None, certificate: Path | None, key: Path | None, client_ca: Path | None) -> Access:
    from taskstore_daemon.serve.callers import read_tokens
    from taskstore_daemon.serve.server import Access, Tls

    if (certificate is None) != (key is None):
        raise click.UsageError("--tls-cert and --tls-key go together")
    if client_ca is not None and certificate is None:
        raise click.UsageError("--client-ca needs --tls-cert and --tls-key")
    tls = Tls(certificate, key, client_ca) if certificate and key else None
    return Access(tokens=read_tokens(token_file) if token_file else None, tls=tls)
