"""Services as one Connect application: a path for each unary method, errors in the protocol's words."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.interceptor import UnaryInterceptor
from connectrpc.method import IdempotencyLevel, MethodInfo
from connectrpc.request import RequestContext
from connectrpc.server import ConnectASGIApplication, Endpoint
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message_factory import GetMessageClass

from taskstore.errors import TaskstoreError
from taskstore_daemon.serve.errors import to_connect
from taskstore_daemon.serve.wire import CODECS, COMPRESSIONS

_log = logging.getLogger("taskstored.serve")
_WORD = re.compile(r"(?<!^)(?=[A-Z])")

Service = tuple[ServiceDescriptor, object]
"""A service as the protocol describes it, and what implements it: DeployTask is its method `deploy_task`."""


class Application(ConnectASGIApplication[Sequence[Service]]):
    """The ASGI application of several services; `paths` are those that it answers."""

    def __init__(self, services: Sequence[Service]) -> None:
        endpoints: dict[str, Any] = dict(_endpoints(services))
        super().__init__(
            service=services,
            endpoints=lambda _: endpoints,
            interceptors=(_Errors(),),
            compressions=COMPRESSIONS,
            codecs=CODECS,
        )
        self.paths = frozenset(endpoints)

    @property
    def path(self) -> str:
        """Where it is mounted: at the root."""
        return "/"


def _endpoints(services: Sequence[Service]) -> Iterator[tuple[str, Any]]:
    for descriptor, service in services:
        for method in descriptor.methods:
            if not method.client_streaming and not method.server_streaming:
                function = getattr(service, _WORD.sub("_", method.name).lower())
                info = _method_info(descriptor, method)
                yield f"/{descriptor.full_name}/{method.name}", Endpoint.unary(method=info, function=function)


def _method_info(service: ServiceDescriptor, method: MethodDescriptor) -> MethodInfo[Any, Any]:
    no_side_effects = method.GetOptions().idempotency_level == MethodOptions.NO_SIDE_EFFECTS
    return MethodInfo(
        name=method.name,
        service_name=service.full_name,
        input=GetMessageClass(method.input_type),
        output=GetMessageClass(method.output_type),
        idempotency_level=IdempotencyLevel.NO_SIDE_EFFECTS if no_side_effects else IdempotencyLevel.UNKNOWN,
    )


class _Errors(UnaryInterceptor):
    """Tells the library's errors to the client, and a fault of ours only to the log."""

    async def intercept_unary(
        self,
        call_next: Callable[[Any, RequestContext[Any, Any]], Awaitable[Any]],
        request: Any,
        ctx: RequestContext[Any, Any],
    ) -> Any:
        """Answer the request, or raise ConnectError."""
        try:
            return await call_next(request, ctx)
        except TaskstoreError as error:
            raise to_connect(error) from error
        except ConnectError:
            raise
        except Exception as error:
            _log.exception("a fault of taskstore in %s", ctx.method().name)
            raise ConnectError(Code.INTERNAL, "this is a fault of taskstore; its log says more") from error
