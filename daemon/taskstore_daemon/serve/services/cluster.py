"""`flyteidl2.cluster.ClusterService`: there is one cluster, and it is this server."""

from __future__ import annotations

from connectrpc.request import RequestContext
from flyteidl2.cluster.payload_pb2 import SelectClusterRequest, SelectClusterResponse
from flyteidl2.cluster.service_connect import ClusterService as Protocol

from taskstore.errors import InvalidInputError
from taskstore_daemon.serve.callers import current_base


class ClusterService(Protocol):
    """Says where data goes."""

    async def select_cluster(
        self, request: SelectClusterRequest, ctx: RequestContext[SelectClusterRequest, SelectClusterResponse]
    ) -> SelectClusterResponse:
        """This server, under the name by which it was called."""
        if request.operation == SelectClusterRequest.OPERATION_UNSPECIFIED or not request.WhichOneof("resource"):
            raise InvalidInputError("a resource and an operation are needed", hint="say what is to be done with what")
        return SelectClusterResponse(cluster_endpoint=current_base.get())
