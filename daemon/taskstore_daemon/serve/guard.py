"""What every request passes before anything is done for it: bounds, the caller's identity, a path that exists."""

from __future__ import annotations

import asyncio
import ipaddress
from urllib.parse import urlsplit

from connectrpc.code import Code
from connectrpc.errors import ConnectError

from taskstore.errors import TaskstoreError
from taskstore_daemon.serve.budget import Budget
from taskstore_daemon.serve.callers import Tokens, current_base, current_caller
from taskstore_daemon.serve.errors import to_connect
from taskstore_daemon.serve.exchange import Exchange, Receive, Scope, Send
from taskstore_daemon.serve.files import SIGNED, Files
from taskstore_daemon.serve.limits import BODY_BYTES, MESSAGE_BYTES, REQUEST_SECONDS, UPLOAD_BYTES, UPLOAD_SECONDS
from taskstore_daemon.serve.rpc import Application


class Guard:
    """The server's ASGI application: the services and the files, for callers that may use them.

    With `tokens` a request needs one of them; a signed URL is a permission of its own. `local_only` says that the
    server has neither tokens nor client certificates and takes requests to this machine's names alone: otherwise a web
    page could have a browser on this machine call it under a name of the page's own (DNS rebinding).
    """

    def __init__(self, services: Application, files: Files, *, tokens: Tokens | None, local_only: bool) -> None:
        self._services, self._files, self._tokens, self._local_only = services, files, tokens, local_only
        self._budget = Budget(BODY_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_upload = scope["path"].startswith(SIGNED)
        exchange = Exchange(receive, send, UPLOAD_BYTES if is_upload else MESSAGE_BYTES, self._budget)
        try:
            async with asyncio.timeout(UPLOAD_SECONDS if is_upload else REQUEST_SECONDS):
                await self._answer(scope, exchange)
        except TimeoutError:
            exchange.give_up()
            await _refuse(exchange, ConnectError(Code.DEADLINE_EXCEEDED, "the request took too long"))
        except TaskstoreError as error:
            await _refuse(exchange, to_connect(error))
        except ConnectError as error:
            await _refuse(exchange, error)
        finally:
            exchange.close()

    async def _answer(self, scope: Scope, exchange: Exchange) -> None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        self._check_host(host)
        current_base.set(f"{scope['scheme']}://{host}")
        path = scope["path"]
        if path.startswith(SIGNED):
            return await self._files.answer_signed(scope, headers, exchange)
        current_caller.set(self._identify(scope, headers))
        if path in self._services.paths:
            _check_content_type(headers.get(b"content-type", b""))
            return await self._services(scope, exchange.receive, exchange.send)
        if self._files.has(path):
            return await self._files.answer(scope, exchange)
        raise ConnectError(Code.UNIMPLEMENTED, f"there is no {path}")

    def _check_host(self, host: str) -> None:
        if self._local_only and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            raise ConnectError(
                Code.PERMISSION_DENIED, "without tokens this server is called as localhost, 127.0.0.1 or [::1] alone"
            )

    def _identify(self, scope: Scope, headers: dict[bytes, bytes]) -> str:
        certified: str | None = scope.get("state", {}).get("certified")
        address = scope["client"][0] if scope.get("client") else "unknown"
        if self._tokens is None:
            return certified or address
        name = self._tokens.name_of(headers.get(b"authorization", b""))
        if name is None:
            raise ConnectError(
                Code.UNAUTHENTICATED,
                "the request has no token that this server takes (send Authorization: Bearer TOKEN)",
            )
        return name


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, is this machine's own and no other can reach it."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _check_content_type(content_type: bytes) -> None:
    # The library answers gRPC, which this server does not offer, with a fault.
    if content_type.startswith(b"application/grpc"):
        raise ConnectError(Code.UNIMPLEMENTED, "this server speaks Connect (application/proto, application/json)")


async def _refuse(exchange: Exchange, error: ConnectError) -> None:
    if not exchange.answered:
        await exchange.refuse(error)
