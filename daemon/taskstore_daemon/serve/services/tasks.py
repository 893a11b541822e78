"""`flyteidl2.task.TaskService`."""

from __future__ import annotations

from urllib.parse import quote

from connectrpc.request import Headers, RequestContext
from flyteidl2.task.task_service_connect import TaskService as Protocol
from flyteidl2.task.task_service_pb2 import (
    DeployTaskRequest,
    DeployTaskResponse,
    GetTaskDetailsRequest,
    GetTaskDetailsResponse,
    ListTasksRequest,
    ListTasksResponse,
    ListVersionsRequest,
    ListVersionsResponse,
)

from taskstore.flyte.messages import to_json
from taskstore.index import current
from taskstore.index.queries import Filter, Operator, TaskPage, TaskQuery, VersionQuery
from taskstore.journal.changes import TriggerChange
from taskstore.store.results import DeployResult
from taskstore.store.source import Source
from taskstore.store.store import Store
from taskstore_daemon.serve.callers import current_caller
from taskstore_daemon.serve.messages.lists import filters_of, require_plain, sort_of
from taskstore_daemon.serve.messages.tasks import to_task, to_task_details, to_version
from taskstore_daemon.serve.registry import Registry
from taskstore_specs import Format
from taskstore_specs.identity import TaskName, check_version
from taskstore_specs.models import AutomationSpec

WIRE = "the request"
"""How errors name the manifest that came over the wire."""


class TaskService(Protocol):
    """Deploys tasks and lists them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def deploy_task(
        self,
        request: DeployTaskRequest,
        ctx: RequestContext[DeployTaskRequest, DeployTaskResponse],
    ) -> DeployTaskResponse:
        """Deploy as a file with the same content would be. What became of it stands in headers, the answer being empty
        in Flyte: `taskstore-outcome`, `-digest`, `-revision`, `-sequence` and `-warning` (percent-encoded)."""
        source = Source(WIRE, to_json(request), Format.JSON)
        _tell(await self._registry.deploy(source, current_caller.get()), ctx.response_headers())
        return DeployTaskResponse()

    async def get_task_details(
        self,
        request: GetTaskDetailsRequest,
        ctx: RequestContext[GetTaskDetailsRequest, GetTaskDetailsResponse],
    ) -> GetTaskDetailsResponse:
        """One version, the newest when the request names none."""
        wanted = request.task_id
        task = TaskName.checked(wanted.project, wanted.domain, wanted.name)
        version = check_version(wanted.version) if wanted.version else None
        details = await self._registry.run(lambda store: store.show_task(task, version))
        return GetTaskDetailsResponse(details=to_task_details(details))

    async def list_tasks(
        self, request: ListTasksRequest, ctx: RequestContext[ListTasksRequest, ListTasksResponse]
    ) -> ListTasksResponse:
        """The newest version of each task in scope."""
        query = _task_query(request)
        page, automations = await self._registry.run(lambda store: _list(store, query))
        return ListTasksResponse(
            tasks=[
                to_task(row, automations.get(TaskName(row.project, row.domain, row.name), {})) for row in page.tasks
            ],
            token=page.next_token,
            metadata=ListTasksResponse.ListTasksMetadata(total=page.total, filtered_total=page.filtered_total),
        )

    async def list_versions(
        self, request: ListVersionsRequest, ctx: RequestContext[ListVersionsRequest, ListVersionsResponse]
    ) -> ListVersionsResponse:
        """The versions of a task, newest first."""
        require_plain(request.request, "versions")
        wanted = request.task_name
        query = VersionQuery(
            task=TaskName.checked(wanted.project, wanted.domain, wanted.name),
            limit=request.request.limit,
            token=request.request.token,
        )
        page = await self._registry.run(lambda store: store.list_versions(query))
        return ListVersionsResponse(versions=map(to_version, page.versions), token=page.next_token)


def _tell(result: DeployResult, headers: Headers) -> None:
    headers.add("taskstore-outcome", result.outcome.value)
    headers.add("taskstore-digest", str(result.digest))
    headers.add("taskstore-revision", str(result.revision))
    if result.sequence is not None:
        headers.add("taskstore-sequence", str(result.sequence))
    for warning in result.warnings:
        headers.add("taskstore-warning", quote(warning, safe=" '.,;:"))


def _task_query(request: ListTasksRequest) -> TaskQuery:
    scope = request.project_id
    deployers = [known.deployed_by for known in request.known_filters if known.HasField("deployed_by")]
    return TaskQuery(
        project=scope.name or None,
        domain=scope.domain or None,
        filters=(
            *filters_of(request.request),
            *(Filter("deployed_by", Operator.EQUAL, (deployer,)) for deployer in deployers),
        ),
        sort=sort_of(request.request),
        limit=request.request.limit,
        token=request.request.token,
    )


def _list(store: Store, query: TaskQuery) -> tuple[TaskPage, dict[TaskName, dict[str, AutomationSpec]]]:
    """The page, and what makes the triggers of its tasks fire, where a task has one that stands in its summary."""
    page = store.list_tasks(query)
    wanted = {TaskName(row.project, row.domain, row.name) for row in page.tasks if row.trigger_name}
    automations: dict[TaskName, dict[str, AutomationSpec]] = {task: {} for task in wanted}
    for change in store.index.ask(lambda connection: current(connection, set(), set(), wanted)):
        if isinstance(change, TriggerChange):
            automations[change.task][change.trigger.name] = change.trigger.automation_spec
    return page, automations
