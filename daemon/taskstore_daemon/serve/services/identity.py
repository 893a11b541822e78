"""`flyteidl2.auth.IdentityService`."""

from __future__ import annotations

from connectrpc.request import RequestContext
from flyteidl2.auth.identity_connect import IdentityService as Protocol
from flyteidl2.auth.identity_pb2 import UserInfoRequest, UserInfoResponse

from taskstore_daemon.serve.callers import current_caller


class IdentityService(Protocol):
    """Tells callers who they are."""

    async def user_info(
        self, request: UserInfoRequest, ctx: RequestContext[UserInfoRequest, UserInfoResponse]
    ) -> UserInfoResponse:
        """The name under which the journal records what the caller does."""
        who = current_caller.get()
        return UserInfoResponse(subject=who, name=who, preferred_username=who)
