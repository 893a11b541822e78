"""`flyteidl2.trigger.TriggerService`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import cast

from connectrpc.request import RequestContext
from flyteidl2.common.identifier_pb2 import TriggerName
from flyteidl2.trigger.trigger_service_connect import TriggerService as Protocol
from flyteidl2.trigger.trigger_service_pb2 import (
    DeleteTriggersRequest,
    DeleteTriggersResponse,
    DeployTriggerRequest,
    DeployTriggerResponse,
    GetTriggerDetailsRequest,
    GetTriggerDetailsResponse,
    GetTriggerRevisionDetailsRequest,
    GetTriggerRevisionDetailsResponse,
    GetTriggerRevisionHistoryRequest,
    GetTriggerRevisionHistoryResponse,
    ListTriggersRequest,
    ListTriggersResponse,
    UpdateTriggersRequest,
    UpdateTriggersResponse,
)

from taskstore.errors import InvalidInputError, InvalidQueryError, TriggerNotFoundError
from taskstore.flyte.messages import to_json
from taskstore.index.queries import (
    TriggerDetail,
    TriggerQuery,
    TriggerRevisionRow,
    list_trigger_details,
)
from taskstore.index.queries.paging import page_size
from taskstore.journal.changes import TriggerAction
from taskstore.plan.prepare import PreparedTask, prepare
from taskstore.store.store import Store
from taskstore_daemon.serve.callers import current_caller
from taskstore_daemon.serve.messages.lists import require_plain
from taskstore_daemon.serve.messages.triggers import (
    to_deploy_task,
    to_revision,
    to_revision_details,
    to_trigger,
    to_trigger_details,
)
from taskstore_daemon.serve.registry import Registry
from taskstore_daemon.serve.services.tasks import WIRE
from taskstore_specs import Format, read_manifest
from taskstore_specs.identity import TaskName, check_trigger_name


class TriggerService(Protocol):
    """Deploys triggers, lists them, and does to them what operators do."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def deploy_trigger(
        self, request: DeployTriggerRequest, ctx: RequestContext[DeployTriggerRequest, DeployTriggerResponse]
    ) -> DeployTriggerResponse:
        """One trigger of a deployed version. A revision other than 0 must be its latest one."""
        wanted = _prepare(request)
        by, expected = current_caller.get(), request.revision or None
        (trigger,) = wanted.triggers

        def deploy(store: Store) -> TriggerDetail:
            store.deploy_trigger(wanted.task_id, trigger, expected_revision=expected, by=by)
            return store.show_trigger(wanted.task_id.task, trigger.name)

        return DeployTriggerResponse(trigger=to_trigger_details(await self._registry.run(deploy)))

    async def get_trigger_details(
        self,
        request: GetTriggerDetailsRequest,
        ctx: RequestContext[GetTriggerDetailsRequest, GetTriggerDetailsResponse],
    ) -> GetTriggerDetailsResponse:
        """A trigger that is not deleted."""
        task, name = _checked(request.name)
        found = await self._registry.run(lambda store: store.show_trigger(task, name))
        if found.deleted_at is not None:
            raise TriggerNotFoundError(f"trigger {name!r} of {task} is deleted", hint="its history can still be read")
        return GetTriggerDetailsResponse(trigger=to_trigger_details(found))

    async def get_trigger_revision_details(
        self,
        request: GetTriggerRevisionDetailsRequest,
        ctx: RequestContext[GetTriggerRevisionDetailsRequest, GetTriggerRevisionDetailsResponse],
    ) -> GetTriggerRevisionDetailsResponse:
        """A trigger as it was at a revision."""
        task, name = _checked(request.id.name)
        history = await self._history(task, name)
        upto = _behind(history, request.id.revision + 1)
        if not upto or upto[0].revision != request.id.revision:
            raise TriggerNotFoundError(
                f"trigger {name!r} of {task} has no revision {request.id.revision}",
                hint=f"it has revisions 1 to {history[0].revision}",
            )
        return GetTriggerRevisionDetailsResponse(trigger=to_revision_details(task, name, upto))

    async def list_triggers(
        self, request: ListTriggersRequest, ctx: RequestContext[ListTriggersRequest, ListTriggersResponse]
    ) -> ListTriggersResponse:
        """The triggers in scope: those that fire first, then by the time that this changed, newest first."""
        query = _query(request)
        page = await self._registry.run(
            lambda store: store.index.ask(lambda connection: list_trigger_details(connection, query))
        )
        return ListTriggersResponse(triggers=map(to_trigger, page.triggers), token=page.next_token)

    async def get_trigger_revision_history(
        self,
        request: GetTriggerRevisionHistoryRequest,
        ctx: RequestContext[GetTriggerRevisionHistoryRequest, GetTriggerRevisionHistoryResponse],
    ) -> GetTriggerRevisionHistoryResponse:
        """A trigger's revisions, newest first. The token of a page is its last revision."""
        require_plain(request.request, "revisions")
        task, name = _checked(request.name)
        size, token = page_size(request.request.limit), request.request.token
        if token and not (token.isascii() and token.isdigit()):
            raise InvalidQueryError("the token is not one of this query", hint="give the token of the page before")
        history = await self._history(task, name)
        rest = _behind(history, int(token)) if token else history
        page = rest[:size]
        return GetTriggerRevisionHistoryResponse(
            triggers=[to_revision(task, name, rest[number:]) for number in range(len(page))],
            token=str(page[-1].revision) if len(page) < len(rest) else "",
        )

    async def update_triggers(
        self, request: UpdateTriggersRequest, ctx: RequestContext[UpdateTriggersRequest, UpdateTriggersResponse]
    ) -> UpdateTriggersResponse:
        """Activate or deactivate triggers, all or none; those already so are left alone."""
        await self._operate(TriggerAction.ACTIVATE if request.active else TriggerAction.DEACTIVATE, request.names)
        return UpdateTriggersResponse()

    async def delete_triggers(
        self, request: DeleteTriggersRequest, ctx: RequestContext[DeleteTriggersRequest, DeleteTriggersResponse]
    ) -> DeleteTriggersResponse:
        """Delete triggers softly, all or none."""
        await self._operate(TriggerAction.DELETE, request.names)
        return DeleteTriggersResponse()

    async def _operate(self, action: TriggerAction, names: Iterable[TriggerName]) -> None:
        wanted: defaultdict[TaskName, list[str]] = defaultdict(list)
        for task, name in map(_checked, names):
            wanted[task].append(name)
        if not wanted:
            raise InvalidInputError("the request names no trigger")
        by = current_caller.get()
        await self._registry.run(lambda store: store.operate_many_triggers(action, wanted, by=by))

    async def _history(self, task: TaskName, name: str) -> Sequence[TriggerRevisionRow]:
        return await self._registry.run(lambda store: store.trigger_history(task, name))


def _checked(name: TriggerName) -> tuple[TaskName, str]:
    return TaskName.checked(name.project, name.domain, name.task_name), check_trigger_name(name.name)


def _prepare(request: DeployTriggerRequest) -> PreparedTask:
    (read,) = read_manifest(WIRE, to_json(to_deploy_task(request)), Format.JSON)
    return cast(PreparedTask, prepare(read))


def _query(request: ListTriggersRequest) -> TriggerQuery:
    require_plain(request.request, "triggers")
    limit, token = request.request.limit, request.request.token
    match request.WhichOneof("scope_by"):
        case "project_id":
            scope = request.project_id
            return TriggerQuery(project=scope.name or None, domain=scope.domain or None, limit=limit, token=token)
        case "task_name":
            task = request.task_name
            return TriggerQuery(project=task.project, domain=task.domain, task_name=task.name, limit=limit, token=token)
        case "task_id":
            task_id = request.task_id
            return TriggerQuery(
                project=task_id.project,
                domain=task_id.domain,
                task_name=task_id.name,
                task_version=task_id.version,
                limit=limit,
                token=token,
            )
    return TriggerQuery(limit=limit, token=token)


def _behind(history: Sequence[TriggerRevisionRow], revision: int) -> Sequence[TriggerRevisionRow]:
    """What of `history` came before `revision`."""
    return [row for row in history if row.revision < revision]
