"""`flyteidl2.project.ProjectService`."""

from __future__ import annotations

from typing import cast

from connectrpc.request import RequestContext
from flyteidl2.project.project_service_connect import ProjectService as Protocol
from flyteidl2.project.project_service_pb2 import (
    PROJECT_STATE_ARCHIVED,
    CreateProjectRequest,
    CreateProjectResponse,
    GetProjectRequest,
    GetProjectResponse,
    ListProjectsRequest,
    ListProjectsResponse,
    Projects,
    UpdateProjectRequest,
    UpdateProjectResponse,
)
from flyteidl2.project.project_service_pb2 import Project as ProjectMessage

from taskstore.errors import InvalidInputError, ProjectNotFoundError
from taskstore.flyte.messages import to_json
from taskstore_daemon.serve.callers import current_caller
from taskstore_daemon.serve.messages.projects import in_order, page, select, to_project
from taskstore_daemon.serve.registry import Registry
from taskstore_daemon.serve.services.tasks import WIRE
from taskstore_specs import Format, read_manifest
from taskstore_specs.models import CreateProject, Project


class ProjectService(Protocol):
    """Declares, describes, archives and lists projects."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def create_project(
        self, request: CreateProjectRequest, ctx: RequestContext[CreateProjectRequest, CreateProjectResponse]
    ) -> CreateProjectResponse:
        """Declare a project."""
        wanted, by = _read(request.project), current_caller.get()
        await self._registry.run(lambda store: store.create_project(wanted.id, wanted.name, wanted.description, by=by))
        return CreateProjectResponse()

    async def update_project(
        self, request: UpdateProjectRequest, ctx: RequestContext[UpdateProjectRequest, UpdateProjectResponse]
    ) -> UpdateProjectResponse:
        """Make a project what the request says, its state too; domains are ignored, as in Flyte."""
        given = ProjectMessage()
        given.CopyFrom(request.project)
        given.ClearField("domains")
        given.ClearField("state")
        wanted, by = _read(given), current_caller.get()
        archived = request.project.state == PROJECT_STATE_ARCHIVED
        await self._registry.run(
            lambda store: store.update_project(wanted.id, wanted.name, wanted.description, archived=archived, by=by)
        )
        return UpdateProjectResponse()

    async def get_project(
        self, request: GetProjectRequest, ctx: RequestContext[GetProjectRequest, GetProjectResponse]
    ) -> GetProjectResponse:
        """A project, archived or not."""
        for row in await self._registry.run(lambda store: store.list_projects()):
            if row.id == request.id:
                return GetProjectResponse(project=to_project(row))
        raise ProjectNotFoundError(f"there is no project {request.id!r} in this store")

    async def list_projects(
        self, request: ListProjectsRequest, ctx: RequestContext[ListProjectsRequest, ListProjectsResponse]
    ) -> ListProjectsResponse:
        """The projects that the filters let through, without filters those in use."""
        rows = await self._registry.run(lambda store: store.list_projects())
        chosen = in_order(select(rows, request.filters), request.sort_by)
        shown, token = page(chosen, request.limit, request.token)
        return ListProjectsResponse(projects=Projects(projects=map(to_project, shown), token=token))


def _read(message: ProjectMessage) -> Project:
    """The project as a manifest would have it, by the same rules."""
    if not message.id:
        raise InvalidInputError("the request names no project", hint="give project.id")
    (read,) = read_manifest(WIRE, to_json(CreateProjectRequest(project=message)), Format.JSON)
    return cast(CreateProject, read).project
