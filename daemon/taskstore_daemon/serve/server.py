"""The HTTP server: uvicorn, with the bounds that it leaves to others, on an address that is safe to listen on."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

import msgspec
import uvicorn
from flyteidl2.auth import identity_pb2
from flyteidl2.cluster import service_pb2 as cluster_service_pb2
from flyteidl2.dataproxy import dataproxy_service_pb2
from flyteidl2.project import project_service_pb2
from flyteidl2.task import task_service_pb2
from flyteidl2.trigger import trigger_service_pb2

from taskstore.errors import InvalidInputError
from taskstore.store.store import Store
from taskstore_daemon.serve import limits
from taskstore_daemon.serve.callers import Tokens
from taskstore_daemon.serve.connection import BoundedConnection
from taskstore_daemon.serve.files import Files
from taskstore_daemon.serve.guard import Guard, is_loopback
from taskstore_daemon.serve.registry import Registry
from taskstore_daemon.serve.rpc import Application
from taskstore_daemon.serve.services.cluster import ClusterService
from taskstore_daemon.serve.services.data import DataProxyService
from taskstore_daemon.serve.services.identity import IdentityService
from taskstore_daemon.serve.services.projects import ProjectService
from taskstore_daemon.serve.services.tasks import TaskService
from taskstore_daemon.serve.services.triggers import TriggerService
from taskstore_daemon.serve.signing import Signer


class Address(msgspec.Struct, frozen=True):
    """Where to listen; port 0 is any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Tls(msgspec.Struct, frozen=True):
    """The server's certificate and key, PEM files; with `client_ca` only clients that have a certificate of it."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


class Access(msgspec.Struct, frozen=True):
    """Who may call: whoever has one of the tokens, a client certificate, or, with neither, this machine's users."""

    tokens: Tokens | None = None
    tls: Tls | None = None

    @property
    def is_open(self) -> bool:
        """Whether anybody who can connect may call."""
        return self.tokens is None and (self.tls is None or self.tls.client_ca is None)


def parse_address(text: str) -> Address:
    """Read `HOST:PORT` or `[IPV6]:PORT`. Raises InvalidInputError."""
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 65536):
        raise InvalidInputError(f"not an address: {text!r}", hint="write HOST:PORT, for example 127.0.0.1:8089")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


def listen(address: Address, access: Access) -> socket.socket:
    """A socket on `address`. Raises InvalidInputError for one that others can reach while `access` is open to anybody,
    or that cannot be had."""
    if access.is_open and not is_loopback(address.host):
        raise InvalidInputError(
            f"{address} can be reached by others, and nothing tells who may call",
            hint="give --token-file, or --tls-cert, --tls-key and --client-ca; or listen on 127.0.0.1",
        )
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family, backlog=limits.BACKLOG)
    except OSError as error:
        raise InvalidInputError(
            f"cannot listen on {address}: {error.strerror}", hint="choose another address, or end what uses it"
        ) from error


def url_of(listener: socket.socket, access: Access) -> str:
    """What to call the server by."""
    host, port = listener.getsockname()[:2]
    return f"{'https' if access.tls else 'http'}://{Address(host, port)}"


class Server:
    """Answers requests in a thread of its own while used as a context manager; those under way are finished at the end.

    Raises InvalidInputError when the certificates cannot be used.
    """

    def __init__(self, store: Store, listener: socket.socket, access: Access) -> None:
        self._registry = Registry(store)
        self._listener = listener
        self._server = uvicorn.Server(_config(_application(self._registry, access), access))
        self._fault: Exception | None = None
        self._thread = Thread(target=self._run, name="taskstore-server")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.wait()

    def stop(self) -> None:
        """Take no more requests. Safe from any thread and from a signal handler."""
        self._server.should_exit = True

    def wait(self) -> None:
        """Return when the last request is answered after a `stop`. Raises what ended the server before that."""
        self._thread.join()
        if self._fault is not None:
            raise self._fault

    def _run(self) -> None:
        try:
            asyncio.run(self._server.serve(sockets=[self._listener]))
        except Exception as error:
            self._fault = error
        finally:
            self._registry.close()


def _application(registry: Registry, access: Access) -> Guard:
    signer = Signer(time.time)
    data = DataProxyService(registry, signer, time.time)
    services = Application(
        [
            (task_service_pb2.DESCRIPTOR.services_by_name["TaskService"], TaskService(registry)),
            (trigger_service_pb2.DESCRIPTOR.services_by_name["TriggerService"], TriggerService(registry)),
            (project_service_pb2.DESCRIPTOR.services_by_name["ProjectService"], ProjectService(registry)),
            (cluster_service_pb2.DESCRIPTOR.services_by_name["ClusterService"], ClusterService()),
            (dataproxy_service_pb2.DESCRIPTOR.services_by_name["DataProxyService"], data),
            (identity_pb2.DESCRIPTOR.services_by_name["IdentityService"], IdentityService()),
        ]
    )
    return Guard(services, Files(registry, signer), tokens=access.tokens, local_only=access.is_open)


def _config(application: Guard, access: Access) -> uvicorn.Config:
    config = uvicorn.Config(
        application,
        http=BoundedConnection,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=limits.CONNECTIONS,
        timeout_keep_alive=limits.KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=limits.SHUTDOWN_SECONDS,
        h11_max_incomplete_event_size=limits.HEADER_BYTES,
    )
    config.load()
    if access.tls is not None:
        config.ssl = _context(access.tls)
    return config


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(tls.certificate, tls.key)
        if tls.client_ca is not None:
            context.load_verify_locations(tls.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:
        raise InvalidInputError(f"the certificates cannot be used: {error}", hint="give PEM files") from error
    return context
