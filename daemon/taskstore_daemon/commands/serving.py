"""What a command that serves is told: where to listen and who may call."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from taskstore.store.store import Store
    from taskstore_daemon.serve.server import Access, Server

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Serving:
    """The options of a command that serves. Not parsed further before Flyte's messages are known to be installed."""

    def __init__(
        self, address: str, token_file: Path | None, certificate: Path | None, key: Path | None, client_ca: Path | None
    ) -> None:
        if (certificate is None) != (key is None):
            raise click.UsageError("--tls-cert and --tls-key go together")
        if client_ca is not None and certificate is None:
            raise click.UsageError("--client-ca needs --tls-cert and --tls-key")
        self._address, self._token_file = address, token_file
        self._certificate, self._key, self._client_ca = certificate, key, client_ca

    @contextmanager
    def server(self, store: Store) -> Iterator[Server]:
        """A server of `store` at work; it ends with the block.

        Raises InvalidInputError when it may not or cannot listen there, or cannot use a file it was given.
        """
        from taskstore.cli.extras import require_flyte

        require_flyte()
        from taskstore_daemon import log
        from taskstore_daemon.serve.server import Server, listen, parse_address, url_of

        access = self._access()
        with listen(parse_address(self._address), access) as listener, Server(store, listener, access) as server:
            log.info("serving", store=store.root, url=url_of(listener, access))
            yield server

    def _access(self) -> Access:
        from taskstore_daemon.serve.callers import read_tokens
        from taskstore_daemon.serve.server import Access, Tls

        tls = Tls(self._certificate, self._key, self._client_ca) if self._certificate and self._key else None
        return Access(tokens=read_tokens(self._token_file) if self._token_file else None, tls=tls)


def serving(default: str | None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options of serving, passed as `serving`: a Serving, or None if there is no address."""
    usual = f"[{default}]" if default else "[not at all]"

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @click.option("--listen", default=default, metavar="HOST:PORT", help=f"Where to serve Flyte clients. {usual}")
        @click.option("--token-file", type=_FILE, metavar="FILE", help="Take only callers with one of its tokens.")
        @click.option("--tls-cert", type=_FILE, metavar="PEM", help="The server's certificate.")
        @click.option("--tls-key", type=_FILE, metavar="PEM", help="Its key.")
        @click.option("--client-ca", type=_FILE, metavar="PEM", help="Take only clients that it certified.")
        @functools.wraps(function)
        def command(
            *arguments: Any,
            listen: str | None,
            token_file: Path | None,
            tls_cert: Path | None,
            tls_key: Path | None,
            client_ca: Path | None,
            **rest: Any,
        ) -> Any:
            given = Serving(listen, token_file, tls_cert, tls_key, client_ca) if listen else None
            return function(*arguments, serving=given, **rest)

        return command

    return decorate
