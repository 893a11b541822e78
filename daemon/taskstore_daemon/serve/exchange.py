"""One HTTP request and its answer, within bounds: how much may be read, how long it may take, when it is answered."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError

from taskstore.errors import BusyError
from taskstore_daemon.serve.budget import Budget
from taskstore_daemon.serve.errors import to_connect
from taskstore_daemon.serve.limits import DRAIN_BYTES

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
"""Of ASGI (https://asgi.readthedocs.io/en/latest/specs/www.html)."""

_STATUS = {
    Code.INVALID_ARGUMENT: HTTPStatus.BAD_REQUEST,
    Code.FAILED_PRECONDITION: HTTPStatus.BAD_REQUEST,
    Code.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    Code.PERMISSION_DENIED: HTTPStatus.FORBIDDEN,
    Code.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Code.UNIMPLEMENTED: HTTPStatus.NOT_FOUND,
    Code.ALREADY_EXISTS: HTTPStatus.CONFLICT,
    Code.ABORTED: HTTPStatus.CONFLICT,
    Code.RESOURCE_EXHAUSTED: HTTPStatus.TOO_MANY_REQUESTS,
    Code.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Code.DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
}
"""As the Connect protocol maps them, but 404 for an unknown method, which tells the client that a service is absent."""


class Exchange:
    """A request whose body has a limit. Its `receive` and `send` are those that an application is given.

    The answer begins only when the body was read, or DRAIN_BYTES of it: a client that is still sending may never look
    at an answer that comes before, and a stock Flyte client then hangs. What is read counts against `budget` until
    `close`.
    """

    def __init__(self, receive: Receive, send: Send, most: int, budget: Budget) -> None:
        self._receive, self._send, self._most, self._budget = receive, send, most, budget
        self._read = 0
        self._held = 0
        self._more = True
        self._patient = True
        self.answered = False

    async def receive(self) -> Event:
        """The next part of the body. Raises ConnectError: resource_exhausted beyond the limit, unavailable beyond the
        budget."""
        event = await self._next()
        if self._read > self._most:
            raise ConnectError(Code.RESOURCE_EXHAUSTED, f"the body has more than {self._most} bytes")
        size = len(event.get("body", b""))
        try:
            self._budget.take(size)
        except BusyError as error:
            # The library knows only its own errors while it reads.
            raise to_connect(error) from error
        self._held += size
        return event

    async def body(self) -> bytes:
        """The whole body. Raises as `receive`, and ConnectError (canceled) when the client went away."""
        parts: list[bytes] = []
        while self._more:
            event = await self.receive()
            if event["type"] == "http.disconnect":
                raise ConnectError(Code.CANCELED, "the client went away")
            parts.append(event.get("body", b""))
        return b"".join(parts)

    async def send(self, event: Event) -> None:
        """Pass on a part of the answer."""
        if not self.answered:
            while self._more and self._patient and self._read < DRAIN_BYTES:
                await self._next()
            if self._more:
                event["headers"] = [*event["headers"], (b"connection", b"close")]
            self.answered = True
        await self._send(event)

    def close(self) -> None:
        """The body is no longer needed."""
        self._budget.give_back(self._held)
        self._held = 0

    def give_up(self) -> None:
        """Wait for no more of the body: the connection ends with the answer."""
        self._patient = False

    async def answer(self, status: HTTPStatus, body: bytes = b"", headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Send a whole answer. The server leaves the body out where the request was HEAD."""
        length = (b"content-length", str(len(body)).encode("ascii"))
        start = {"type": "http.response.start", "status": status.value, "headers": [length, *headers]}
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body})

    async def refuse(self, error: ConnectError) -> None:
        """Send an error as Connect has it, in JSON."""
        status = _STATUS.get(error.code, HTTPStatus.INTERNAL_SERVER_ERROR)
        body = json.dumps({"code": error.code.value, "message": error.message}).encode()
        await self.answer(status, body, [(b"content-type", b"application/json")])

    async def _next(self) -> Event:
        event = await self._receive()
        self._more = event["type"] == "http.request" and bool(event.get("more_body", False))
        self._read += len(event.get("body", b""))
        return event
