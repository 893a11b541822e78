"""`flyteidl2.dataproxy.DataProxyService`: code bundles and offloaded inputs, kept in the store beside the tasks."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable

import msgspec
from connectrpc.request import RequestContext
from flyteidl2.common.identifier_pb2 import TriggerName
from flyteidl2.common.run_pb2 import OffloadedInputData
from flyteidl2.dataproxy.dataproxy_service_connect import DataProxyService as Protocol
from flyteidl2.dataproxy.dataproxy_service_pb2 import (
    ARTIFACT_TYPE_CODE_BUNDLE,
    CreateDownloadLinkRequest,
    CreateDownloadLinkResponse,
    CreateUploadLocationRequest,
    CreateUploadLocationResponse,
    PreSignedURLs,
    UploadInputsRequest,
    UploadInputsResponse,
)
from flyteidl2.task.common_pb2 import Inputs
from flyteidl2.task.task_definition_pb2 import TaskIdentifier, TaskSpec
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from taskstore.errors import BlobNameNotFoundError, InvalidInputError, LimitExceededError, ProjectNotFoundError
from taskstore.flyte.messages import to_message
from taskstore.journal.changes import BlobChange
from taskstore.store.blobs import INPUTS_FILE, SCHEME, check_blob_name
from taskstore.store.store import Store
from taskstore_daemon.serve.callers import current_base, current_caller
from taskstore_daemon.serve.files import SIGNED
from taskstore_daemon.serve.limits import UPLOAD_BYTES, URL_SECONDS
from taskstore_daemon.serve.registry import Registry
from taskstore_daemon.serve.signing import DownloadPermit, Now, Signer, UploadPermit
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskName, check_domain, check_project, check_version

_PROTOBUF = "application/x-protobuf"
_MD5_BYTES = 16


class DataProxyService(Protocol):
    """Takes bytes and gives them back, by signed URLs."""

    def __init__(self, registry: Registry, signer: Signer, now: Now) -> None:
        self._registry, self._signer, self._now = registry, signer, now

    async def create_upload_location(
        self,
        request: CreateUploadLocationRequest,
        ctx: RequestContext[CreateUploadLocationRequest, CreateUploadLocationResponse],
    ) -> CreateUploadLocationResponse:
        """A URL to put bytes of a known MD5 to, once, and the name that a specification calls them by."""
        name, size = _upload_name(request), request.content_length or None
        if size is not None and not 0 < size <= UPLOAD_BYTES:
            raise LimitExceededError(f"{size} bytes are too many", hint=f"at most {UPLOAD_BYTES} are taken")
        await self._registry.run(lambda store: _require_project(store, request.project))
        expires = self._expiry(request.expires_in)
        permit = UploadPermit(
            name=name,
            md5=request.content_md5.hex(),
            size=size,
            by=current_caller.get(),
            expires=expires,
            nonce=secrets.token_hex(16),
        )
        return CreateUploadLocationResponse(
            signed_url=self._url(permit), native_url=f"{SCHEME}{name}", expires_at=_time(expires)
        )

    async def upload_inputs(
        self, request: UploadInputsRequest, ctx: RequestContext[UploadInputsRequest, UploadInputsResponse]
    ) -> UploadInputsResponse:
        """Keep inputs; answers with the folder of their `inputs.pb`, and the hash that a run's cache key is made of."""
        project, domain = _scope(request)
        data = request.inputs.SerializeToString(deterministic=True)
        folder = f"{check_project(project)}/{check_domain(domain)}/offloaded-inputs/{Digest.of(data).hex}"
        by = current_caller.get()

        def keep(store: Store) -> set[str]:
            _require_project(store, project)
            ignored = _ignored_inputs(store, request)
            store.put_blob(f"{folder}/{INPUTS_FILE}", data, media_type=_PROTOBUF, by=by)
            return ignored

        ignored = await self._registry.run(keep)
        return UploadInputsResponse(
            offloaded_input_data=OffloadedInputData(
                uri=f"{SCHEME}{folder}", inputs_hash=_inputs_hash(request.inputs, ignored)
            )
        )

    async def create_download_link(
        self,
        request: CreateDownloadLinkRequest,
        ctx: RequestContext[CreateDownloadLinkRequest, CreateDownloadLinkResponse],
    ) -> CreateDownloadLinkResponse:
        """A URL to get the code bundle of a deployed task from."""
        if request.artifact_type != ARTIFACT_TYPE_CODE_BUNDLE or not request.HasField("task_id"):
            raise InvalidInputError("only the code bundle of a task is kept here", hint="give a task_id")
        blob = await self._registry.run(lambda store: _code_bundle(store, request.task_id))
        expires = self._expiry(request.expires_in)
        permit = DownloadPermit(name=blob.name, digest=blob.digest, media_type=blob.media_type, expires=expires)
        return CreateDownloadLinkResponse(
            pre_signed_urls=PreSignedURLs(signed_url=[self._url(permit)], expires_at=_time(expires))
        )

    def _url(self, permit: UploadPermit | DownloadPermit) -> str:
        return f"{current_base.get()}{SIGNED}{self._signer.sign(permit)}"

    def _expiry(self, wanted: Duration) -> float:
        seconds = wanted.ToTimedelta().total_seconds()
        if seconds < 0:
            raise InvalidInputError("the URL would have expired already", hint="give a positive expires_in")
        return self._now() + min(seconds or URL_SECONDS, URL_SECONDS)


def _upload_name(request: CreateUploadLocationRequest) -> str:
    """As in Flyte, `project/domain/ROOT/FILENAME`, where ROOT is the MD5 unless the request has one."""
    if len(request.content_md5) != _MD5_BYTES:
        raise InvalidInputError("content_md5 is no MD5", hint="give its 16 bytes")
    root = request.filename_root or request.content_md5.hex()
    parts = (check_project(request.project), check_domain(request.domain), root, request.filename)
    return check_blob_name("/".join(part.strip("/") for part in parts if part))


def _scope(request: UploadInputsRequest) -> tuple[str, str]:
    match request.WhichOneof("id"):
        case "run_id":
            return request.run_id.project, request.run_id.domain
        case "project_id":
            return request.project_id.name, request.project_id.domain
    raise InvalidInputError("the request says not whose inputs these are", hint="give run_id or project_id")


def _require_project(store: Store, project: str) -> None:
    if all(row.id != project for row in store.list_projects()):
        raise ProjectNotFoundError(
            f"there is no project {project!r} in this store", hint=f"`taskstore project create {project}` declares it"
        )


def _ignored_inputs(store: Store, request: UploadInputsRequest) -> set[str]:
    """The inputs that the task keeps out of its cache key."""
    match request.WhichOneof("task"):
        case "task_spec":
            return set(request.task_spec.task_template.metadata.cache_ignore_input_vars)
        case "task_id":
            return _ignored_by(_spec_of(store, request.task_id))
        case "trigger_name":
            return _ignored_by(_spec_of(store, _task_of(store, request.trigger_name)))
    raise InvalidInputError("the request says not which task's inputs these are", hint="give a task or a trigger")


def _ignored_by(spec: TaskSpec) -> set[str]:
    return set(spec.task_template.metadata.cache_ignore_input_vars)


def _task_of(store: Store, name: TriggerName) -> TaskIdentifier:
    task = TaskName.checked(name.project, name.domain, name.task_name)
    version = store.show_trigger(task, name.name).task_version
    return TaskIdentifier(project=name.project, domain=name.domain, name=name.task_name, version=version)


def _spec_of(store: Store, task_id: TaskIdentifier) -> TaskSpec:
    task = TaskName.checked(task_id.project, task_id.domain, task_id.name)
    version = check_version(task_id.version) if task_id.version else None
    return to_message(msgspec.json.decode(store.show_task(task, version).spec), TaskSpec)


def _code_bundle(store: Store, task_id: TaskIdentifier) -> BlobChange:
    uri = _spec_of(store, task_id).task_template.metadata.code_bundle_uri
    if not uri.startswith(SCHEME):
        raise BlobNameNotFoundError(f"the code of this task is not kept here: {uri or 'it names none'}")
    return store.find_blob(uri.removeprefix(SCHEME))


def _inputs_hash(inputs: Inputs, ignored: Iterable[str]) -> str:
    """What tells these inputs from others in a run's cache key; opaque to clients. The context never counts, as the
    time that a trigger fires at is passed in it."""
    counting = Inputs(literals=[literal for literal in inputs.literals if literal.name not in ignored])
    return base64.b64encode(hashlib.sha256(counting.SerializeToString(deterministic=True)).digest()).decode("ascii")


def _time(seconds: float) -> Timestamp:
    return Timestamp(seconds=int(seconds))
