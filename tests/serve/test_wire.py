"""The protocol: what is sent is what a file would say, what is read back is what was sent, errors say what is wrong."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import random
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from flyteidl2.cluster import service_pb2 as cluster_service_pb2
from flyteidl2.dataproxy import dataproxy_service_pb2
from flyteidl2.project import project_service_pb2
from flyteidl2.task import task_service_pb2
from flyteidl2.task.task_service_pb2 import DeployTaskRequest, GetTaskDetailsRequest, GetTaskDetailsResponse
from flyteidl2.trigger import trigger_service_pb2
from google.protobuf import json_format
from google.protobuf.message import Message

from taskstore.plan.deploy import VersionPolicy
from taskstore_daemon.serve.limits import MESSAGE_BYTES
from tests.serve.site import DOMAIN, PROJECT, Answer, Site

DEPLOY, DETAILS = "task.TaskService/DeployTask", "task.TaskService/GetTaskDetails"
ADDRESS = {"project": PROJECT, "domain": DOMAIN, "name": "core.add", "version": "v1"}
CAMEL: dict[str, Any] = {
    "taskId": ADDRESS,
    "spec": {
        "taskTemplate": {"type": "python", "container": {"image": "img:1", "args": ["--version", "v1"]}},
        "environment": {"name": "core"},
        "documentation": {"shortDescription": "Adds."},
    },
    "triggers": [
        {
            "name": "daily",
            "spec": {"active": True},
            "automationSpec": {"type": "TYPE_SCHEDULE", "schedule": {"cron": {"expression": "0 2 * * *"}}},
        }
    ],
}
SNAKE: dict[str, Any] = {
    "task_id": ADDRESS,
    "spec": {
        "task_template": {"type": "python", "container": {"image": "img:1", "args": ["--version", "v1"]}},
        "environment": {"name": "core"},
        "documentation": {"short_description": "Adds."},
    },
    "triggers": [
        {
            "name": "daily",
            "spec": {"active": True},
            "automation_spec": {"type": "TYPE_SCHEDULE", "schedule": {"cron": {"expression": "0 2 * * *"}}},
        }
    ],
}


def changed(**parts: Any) -> dict[str, Any]:
    """The request with other parts of its task id."""
    return {**CAMEL, "taskId": {**ADDRESS, **parts}}


def with_cron(expression: str) -> dict[str, Any]:
    """The request with another schedule."""
    automation = {"type": "TYPE_SCHEDULE", "schedule": {"cron": {"expression": expression}}}
    return {**CAMEL, "triggers": [{"name": "daily", "spec": {}, "automationSpec": automation}]}


def test_both_spellings_of_json_and_a_file_are_one_deploy(site: Site) -> None:
    first = site.call(DEPLOY, CAMEL)
    assert (first.status, first.json, first.headers["taskstore-outcome"]) == (200, {}, "created")
    second = site.call(DEPLOY, SNAKE)
    assert second.headers["taskstore-outcome"] == "unchanged"
    assert "taskstore-sequence" not in second.headers
    (site.folder / "same.json").write_text(json.dumps(SNAKE))
    [result] = site.json("deploy", "same.json")["results"]
    assert (result["outcome"], result["digest"]) == ("unchanged", first.headers["taskstore-digest"])


def test_what_a_deploy_came_to_stands_in_headers(site: Site) -> None:
    assert site.call(DEPLOY, CAMEL).headers["taskstore-revision"] == "1"
    other = site.call(DEPLOY, {**CAMEL, "spec": {"taskTemplate": {"type": "shell"}}})
    assert (other.headers["taskstore-outcome"], other.headers["taskstore-revision"]) == ("updated", "2")
    long = {**CAMEL["spec"], "documentation": {"shortDescription": "é" * 300}}
    warned = site.call(DEPLOY, {**CAMEL, "spec": long}).headers["taskstore-warning"]
    assert warned == "spec.documentation.shortDescription was cut from 300 to 255 characters"


def test_the_real_requests_come_back_equal_and_have_the_digests_of_their_files(site: Site, corpus: Path) -> None:
    requests = {path.stem: DeployTaskRequest.FromString(path.read_bytes()) for path in (corpus / "pb").iterdir()}
    assert len(requests) == 516
    with ThreadPoolExecutor(64) as clients:
        deployed = clients.map(lambda request: call_protobuf(site, DEPLOY, request), requests.values())
        digests = {name: answer.headers["taskstore-digest"] for name, answer in zip(requests, deployed, strict=True)}
    for name, sent in requests.items():
        answer = call_protobuf(site, DETAILS, GetTaskDetailsRequest(task_id=sent.task_id))
        details = GetTaskDetailsResponse.FromString(answer.body).details
        assert (details.task_id, details.spec) == (sent.task_id, sent.spec), name
    for spelling in ("camel", "snake"):
        report = site.json("deploy", "--dry-run", corpus / spelling)
        assert {Path(result["path"]).stem: result["digest"] for result in report["results"]} == digests


def test_a_version_is_exported_as_the_request_that_deployed_it(site: Site, corpus: Path) -> None:
    for path in sorted((corpus / "pb").iterdir())[::200]:
        sent = DeployTaskRequest.FromString(path.read_bytes())
        site.request("POST", f"/flyteidl2.{DEPLOY}", path.read_bytes(), content_type="application/proto")
        address = f"{sent.task_id.project}/{sent.task_id.domain}/{sent.task_id.name}@{sent.task_id.version}"
        assert DeployTaskRequest.FromString(site.taskstore_bytes("export-request", address, "--pb")) == sent
        (site.folder / "exported.json").write_bytes(site.taskstore_bytes("export-request", address))
        assert site.json("deploy", "exported.json")["results"][0]["outcome"] == "unchanged"


def call_protobuf(site: Site, method: str, message: Message) -> Answer:
    """Call in protobuf, in gzip as the stock client does."""
    body = gzip.compress(message.SerializeToString())
    answer = site.call(method, body, content_type="application/proto", content_encoding="gzip")
    assert answer.status == 200, answer.message
    return answer


def test_a_method_without_side_effects_can_be_got(site: Site) -> None:
    site.call(DEPLOY, CAMEL)
    message = quote(json.dumps({"taskId": ADDRESS}))
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc)
    connection.request("GET", f"/flyteidl2.{DETAILS}?encoding=json&message={message}")
    answer = json.loads(connection.getresponse().read())
    connection.close()
    assert answer["details"]["taskId"] == ADDRESS


@pytest.mark.parametrize(
    ("document", "code", "words"),
    [
        (changed(project="nope"), "not_found", ["'nope'", "taskstore project create nope"]),
        (with_cron("0 0 2 * * *"), "invalid_argument", ["daily", "six fields"]),
        (with_cron("61 2 * * *"), "invalid_argument", ["daily", "61 2 * * *"]),
        (changed(name="n" * 256), "invalid_argument", ["taskId.name", "256", "255"]),
        (changed(name="../../etc/passwd"), "invalid_argument", ["taskId.name"]),
        ({"taskId": ADDRESS}, "invalid_argument", ["spec"]),
        ({**CAMEL, "nope": 1}, "invalid_argument", ["nope"]),
        (b"{", "invalid_argument", ["DeployTaskRequest"]),
        (b'{"taskId": {}, "taskId": {}}', "invalid_argument", ["taskId"]),
        (b"[" * 200_000, "invalid_argument", ["DeployTaskRequest"]),
    ],
)
def test_a_refused_deploy_says_why_and_changes_nothing(
    shared_site: Site, document: Any, code: str, words: list[str]
) -> None:
    before = shared_site.head()
    answer = shared_site.call(DEPLOY, document)
    assert (answer.status != 200, answer.code) == (True, code)
    for word in words:
        assert word in answer.message
    assert shared_site.head() == before


def test_other_content_in_an_immutable_store_is_no_success_to_the_client(make_site: Callable[..., Site]) -> None:
    site = make_site(versions=VersionPolicy.IMMUTABLE)
    first = site.call(DEPLOY, CAMEL).headers["taskstore-digest"]
    answer = site.call(DEPLOY, {**CAMEL, "spec": {"taskTemplate": {"type": "shell"}}})
    assert answer.code == "failed_precondition"
    assert first in answer.message


def test_an_archived_project_takes_no_deploys(site: Site) -> None:
    assert site.taskstore("project", "archive", PROJECT).code == 0
    assert site.call(DEPLOY, CAMEL).code == "failed_precondition"


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"\xff\xff garbage", {"content_type": "application/proto"}, "invalid_argument"),
        (b"not gzip", {"content_type": "application/proto", "content_encoding": "gzip"}, "invalid_argument"),
        (gzip.compress(b"x", mtime=0)[:-4], {"content_encoding": "gzip"}, "invalid_argument"),
        (b"x", {"content_type": "application/proto", "content_encoding": "br"}, "unimplemented"),
        (b"", {"content_type": "application/grpc"}, "unimplemented"),
        (b" " * (MESSAGE_BYTES + 1), {}, "resource_exhausted"),
        (gzip.compress(bytes(20 * MESSAGE_BYTES)), {"content_encoding": "gzip"}, "resource_exhausted"),
    ],
)
def test_a_body_that_cannot_be_read_is_the_clients_fault(
    shared_site: Site, body: bytes, headers: dict[str, str], code: str
) -> None:
    assert shared_site.call(DEPLOY, body, **headers).code == code


METHODS = [
    (descriptor.full_name.removeprefix("flyteidl2."), method.name)
    for descriptor in (
        task_service_pb2.DESCRIPTOR.services_by_name["TaskService"],
        trigger_service_pb2.DESCRIPTOR.services_by_name["TriggerService"],
        project_service_pb2.DESCRIPTOR.services_by_name["ProjectService"],
        dataproxy_service_pb2.DESCRIPTOR.services_by_name["DataProxyService"],
        cluster_service_pb2.DESCRIPTOR.services_by_name["ClusterService"],
    )
    for method in descriptor.methods
]


@pytest.mark.parametrize(("service", "method"), METHODS)
def test_whatever_is_sent_is_never_the_servers_fault(site_for_garbage: Site, service: str, method: str) -> None:
    """Messages with altered bytes: most are no messages, some are, and say anything."""
    chance = random.Random(f"{service}/{method}")
    good = json_format.ParseDict(CAMEL, DeployTaskRequest()).SerializeToString()
    for _ in range(12):
        body = bytearray(good)
        for _ in range(chance.randint(1, 8)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        body = body[: chance.choice([len(body), chance.randrange(len(body))])]
        answer = site_for_garbage.call(f"{service}/{method}", bytes(body), content_type="application/proto")
        if answer.status != 200:
            assert answer.code in ("invalid_argument", "not_found", "unimplemented", "already_exists"), answer.message
    assert site_for_garbage.call("auth.IdentityService/UserInfo", {}).status == 200


@pytest.fixture(scope="module")
def site_for_garbage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that may be changed by what is sent to it; its log must tell of no fault in the end."""
    site = Site(tmp_path_factory.mktemp("garbage") / "site")
    yield site
    site.close()


def test_a_manifest_has_its_own_limit(shared_site: Site) -> None:
    spec = {"taskTemplate": {"type": "x" * 4_300_000}}
    assert shared_site.call(DEPLOY, {**CAMEL, "spec": spec}).code in ("resource_exhausted", "invalid_argument")


@pytest.mark.parametrize(
    "path",
    ["/", "/nope", "/flyteidl2.task.TaskService/Nope", "/flyteidl2.workflow.RunService/CreateRun", "/..%2f..%2fetc"],
)
def test_what_is_not_there_is_unimplemented(shared_site: Site, path: str) -> None:
    answer = shared_site.request("POST", path, b"x" * 100_000, content_type="application/proto")
    assert (answer.status, answer.code) == (404, "unimplemented")


def test_a_method_of_flyte_that_needs_a_cluster_is_unimplemented(shared_site: Site) -> None:
    assert shared_site.call("dataproxy.DataProxyService/GetActionData", {}).code == "unimplemented"


def test_fields_of_a_newer_flyte_are_refused_rather_than_lost(shared_site: Site) -> None:
    request = DeployTaskRequest()
    request.task_id.project, request.task_id.domain = PROJECT, DOMAIN
    request.task_id.name, request.task_id.version = "newer", "v1"
    request.spec.task_template.type = "python"
    unknown = request.SerializeToString() + b"\xd2\x3e\x03new"  # field 1002, three bytes
    answer = shared_site.request("POST", f"/flyteidl2.{DEPLOY}", unknown, content_type="application/proto")
    assert answer.code == "invalid_argument"
    assert "flyteidl2" in answer.message


def test_headers_are_bounded(shared_site: Site) -> None:
    parts = urlsplit(shared_site.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nhost: localhost\r\n")
        answer = b""
        try:
            for _ in range(100):
                connection.sendall(b"x-more: " + b"y" * 8_000 + b"\r\n")
        except OSError:
            pass
        else:
            answer = connection.recv(4_096)
        assert not answer or answer.startswith(b"HTTP/1.1 4")


def test_another_name_of_this_machine_is_refused_without_tokens(shared_site: Site) -> None:
    answer = shared_site.request("POST", "/flyteidl2.auth.IdentityService/UserInfo", b"{}", Host="evil.example:80")
    assert answer.code == "permission_denied"


def test_the_newest_version_is_shown_when_none_is_named(site: Site) -> None:
    site.call(DEPLOY, CAMEL)
    site.call(DEPLOY, changed(version="v2"))
    details = site.call(DETAILS, {"taskId": {**ADDRESS, "version": ""}}).json["details"]
    assert details["taskId"]["version"] == "v2"
    assert details["metadata"]["triggersSummary"]["details"]["name"] == "daily"
    assert site.call(DETAILS, {"taskId": {**ADDRESS, "version": "v9"}}).code == "not_found"


def test_base64_of_a_got_message_may_be_wrong(shared_site: Site) -> None:
    bad = base64.urlsafe_b64encode(b"\xff").decode()
    connection = http.client.HTTPConnection(urlsplit(shared_site.url).netloc)
    connection.request("GET", f"/flyteidl2.{DETAILS}?encoding=proto&base64=1&message={bad}")
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (400, "invalid_argument")
    connection.close()
