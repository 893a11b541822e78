"""A connection that must get on with it: the headers of a request have to arrive within HEADER_SECONDS."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from taskstore_daemon.serve.limits import HEADER_SECONDS


class BoundedConnection(H11Protocol):
    """uvicorn's HTTP/1.1 connection with a time limit on headers, and the name that a client's certificate bears.

    uvicorn bounds the size of headers and the time between requests, but not how slowly headers may trickle in.
    """

    _limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connected."""
        super().connection_made(transport)
        self._start()
        if name := _certified_name(transport):
            self.app_state = {**self.app_state, "certified": name}

    def data_received(self, data: bytes) -> None:
        """More of a request arrived."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._start()
        else:
            self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended."""
        self._stop()
        super().connection_lost(exc)

    def _start(self) -> None:
        if self._limit is None:
            self._limit = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _stop(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None


def _certified_name(transport: asyncio.Transport) -> str:
    """The common name in the client's verified certificate; empty without one."""
    certificate: dict[str, Any] = transport.get_extra_info("peercert") or {}
    names = [value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]
    return names[0] if names else ""
