"""Lists over the wire: pages, filters, orders and scopes, in Flyte's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.serve.site import DOMAIN, PROJECT, Site

TASKS, VERSIONS = "task.TaskService/ListTasks", "task.TaskService/ListVersions"
TRIGGERS = "trigger.TriggerService/ListTriggers"
HISTORY = "trigger.TriggerService/GetTriggerRevisionHistory"
SCOPE = {"projectId": {"name": PROJECT, "domain": DOMAIN}}
NAMES = [f"env.task-{number:02}" for number in range(12)]


def request(name: str, version: str, *triggers: str) -> dict[str, Any]:
    automation = {"schedule": {"cron": {"expression": "0 2 * * *"}}, "type": "TYPE_SCHEDULE"}
    return {
        "taskId": {"project": PROJECT, "domain": DOMAIN, "name": name, "version": version},
        "spec": {"taskTemplate": {"type": "python"}, "environment": {"name": "env"}},
        "triggers": [{"name": trigger, "spec": {"active": True}, "automationSpec": automation} for trigger in triggers],
    }


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Twelve tasks of two versions; the last has two triggers, the one before it one."""
    site = Site(tmp_path_factory.mktemp("listed") / "site")
    triggers = {NAMES[-1]: ("a", "b"), NAMES[-2]: ("only",)}
    for version in ("v1", "v2"):
        for name in NAMES:
            answer = site.call("task.TaskService/DeployTask", request(name, version, *triggers.get(name, ())))
            assert answer.status == 200, answer.message
    yield site
    site.close()


def test_pages_hold_every_task_once(listed: Site) -> None:
    names: list[str] = []
    token = ""
    while True:
        page = listed.call(TASKS, {**SCOPE, "request": {"limit": 5, "token": token}}).json
        assert page["metadata"] == {"total": 12, "filteredTotal": 12}
        names += [task["taskId"]["name"] for task in page["tasks"]]
        token = page.get("token", "")
        if not token:
            break
    assert names == NAMES[::-1]
    assert {task["taskId"]["version"] for task in page["tasks"]} == {"v2"}


def test_tasks_are_filtered_and_sorted(listed: Site) -> None:
    filters = [
        {"function": "VALUE_IN", "field": "name", "values": NAMES[3:6]},
        {"function": "CONTAINS_CASE_INSENSITIVE", "field": "environment", "values": ["ENV"]},
    ]
    sort = [{"key": "name", "direction": "ASCENDING"}]
    asked = {"filters": filters, "sortByFields": sort}
    answer = listed.call(TASKS, {**SCOPE, "request": asked, "knownFilters": [{"deployedBy": "127.0.0.1"}]}).json
    assert [task["taskId"]["name"] for task in answer["tasks"]] == NAMES[3:6]
    assert answer["metadata"] == {"total": 12, "filteredTotal": 3}
    nobody = listed.call(TASKS, {**SCOPE, "knownFilters": [{"deployedBy": "nobody"}]}).json
    assert nobody["metadata"] == {"total": 12}
    literal = [{"function": "CONTAINS", "field": "name", "values": ["%"]}]
    assert "tasks" not in listed.call(TASKS, {**SCOPE, "request": {"filters": literal}}).json
    assert "tasks" not in listed.call(TASKS, {"projectId": {"name": PROJECT, "domain": "production"}}).json


def test_the_triggers_of_a_task_are_summed_up(listed: Site) -> None:
    tasks = listed.call(TASKS, SCOPE).json["tasks"]
    summaries = {task["taskId"]["name"]: task["metadata"].get("triggersSummary") for task in tasks}
    assert summaries[NAMES[-1]] == {"stats": {"total": 2, "active": 2}}
    only = summaries[NAMES[-2]]["details"]
    assert (only["name"], only["active"]) == ("only", True)
    assert only["automationSpec"]["schedule"]["cron"]["expression"] == "0 2 * * *"
    assert summaries[NAMES[0]] is None


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"limit": 201}, ["201", "200"]),
        ({"token": "x"}, ["token"]),
        ({"filters": [{"field": "nope", "values": ["x"]}]}, ["nope", "function_name"]),
        ({"filters": [{"field": "name"}]}, ["one value"]),
        ({"filters": [{"function": "EXISTS", "field": "name", "values": ["x"]}]}, ["EXISTS", "CONTAINS"]),
        ({"filters": [{"function": "LESS_THAN", "field": "created_at", "values": ["x"]}]}, ["RFC 3339"]),
        ({"sortByFields": [{"key": "nope"}]}, ["nope", "created_at"]),
        ({"sortBy": {"key": "name; drop table tasks"}}, ["drop table"]),
        ({"rawFilters": ["x"]}, ["raw_filters"]),
    ],
)
def test_what_cannot_be_asked_is_refused(listed: Site, asked: dict[str, Any], words: list[str]) -> None:
    answer = listed.call(TASKS, {**SCOPE, "request": asked})
    assert answer.code == "invalid_argument"
    for word in words:
        assert word in answer.message


def test_versions_come_newest_first(listed: Site) -> None:
    name = {"project": PROJECT, "domain": DOMAIN, "name": NAMES[0]}
    page = listed.call(VERSIONS, {"taskName": name, "request": {"limit": 1}}).json
    assert [version["version"] for version in page["versions"]] == ["v2"]
    assert page["versions"][0]["deployedBy"]["user"]["id"]["subject"] == "127.0.0.1"
    page = listed.call(VERSIONS, {"taskName": name, "request": {"limit": 1, "token": page["token"]}}).json
    assert [version["version"] for version in page["versions"]] == ["v1"]
    assert "token" not in page
    filters = [{"field": "version", "values": ["v1"]}]
    assert listed.call(VERSIONS, {"taskName": name, "request": {"filters": filters}}).code == "invalid_argument"


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (SCOPE, {"a", "b", "only"}),
        ({"org": "any"}, {"a", "b", "only"}),
        ({"taskName": {"project": PROJECT, "domain": DOMAIN, "name": NAMES[-1]}}, {"a", "b"}),
        ({"taskId": {"project": PROJECT, "domain": DOMAIN, "name": NAMES[-1], "version": "v2"}}, {"a", "b"}),
        ({"taskId": {"project": PROJECT, "domain": DOMAIN, "name": NAMES[-1], "version": "v1"}}, set()),
    ],
)
def test_triggers_are_listed_by_scope(listed: Site, scope: dict[str, Any], names: set[str]) -> None:
    triggers = listed.call(TRIGGERS, scope).json.get("triggers", [])
    assert {trigger["id"]["name"]["name"] for trigger in triggers} == names
    assert all(trigger["active"] for trigger in triggers)


def test_a_triggers_revisions_are_paged_newest_first(site: Site) -> None:
    site.call("task.TaskService/DeployTask", request("env.one", "v1", "t"))
    name = {"project": PROJECT, "domain": DOMAIN, "taskName": "env.one", "name": "t"}
    for active in (False, True):
        assert site.call("trigger.TriggerService/UpdateTriggers", {"names": [name], "active": active}).status == 200
    assert site.taskstore("trigger", "pause", f"{PROJECT}/{DOMAIN}/env.one", "t").code == 0
    assert site.call("trigger.TriggerService/DeleteTriggers", {"names": [name]}).status == 200
    actions: list[str] = []
    token = ""
    while True:
        page = site.call(HISTORY, {"name": name, "request": {"limit": 2, "token": token}}).json
        actions += [revision["action"].removeprefix("TRIGGER_REVISION_ACTION_") for revision in page["triggers"]]
        token = page.get("token", "")
        if not token:
            break
    assert actions == ["DELETE", "DEACTIVATE", "ACTIVATE", "DEACTIVATE", "DEPLOY"]
    details = "trigger.TriggerService/GetTriggerRevisionDetails"
    first = site.call(details, {"id": {"name": name, "revision": "1"}}).json["trigger"]
    assert first["spec"] == {"active": True, "taskVersion": "v1"}
    assert site.call(details, {"id": {"name": name, "revision": "9"}}).code == "not_found"
    assert site.call("trigger.TriggerService/GetTriggerDetails", {"name": name}).code == "not_found"
    assert site.call(HISTORY, {"name": name, "request": {"token": "x"}}).code == "invalid_argument"


def test_a_trigger_is_deployed_under_an_expected_revision(site: Site) -> None:
    site.call("task.TaskService/DeployTask", request("env.one", "v1"))
    name = {"project": PROJECT, "domain": DOMAIN, "taskName": "env.one", "name": "t"}
    deploy = "trigger.TriggerService/DeployTrigger"
    cron = {"type": "TYPE_SCHEDULE", "schedule": {"cron": {"expression": "@daily", "timezone": "Asia/Tokyo"}}}
    wanted: dict[str, Any] = {"name": name, "spec": {"active": True, "taskVersion": "v1"}, "automationSpec": cron}
    first = site.call(deploy, wanted).json["trigger"]
    assert (first["id"]["revision"], first["automationSpec"]) == ("1", cron)
    again = site.call(deploy, {**wanted, "revision": "1"}).json["trigger"]
    assert again["id"]["revision"] == "1"
    other = {**wanted, "spec": {"taskVersion": "v1"}}
    assert site.call(deploy, {**other, "revision": "7"}).code == "aborted"
    assert site.call(deploy, {**other, "revision": "1"}).json["trigger"]["id"]["revision"] == "2"
    assert site.call(deploy, {**wanted, "spec": {"taskVersion": "v9"}}).code == "not_found"
    bad = {"type": "TYPE_SCHEDULE", "schedule": {"cron": {"expression": "daily"}}}
    assert site.call(deploy, {**wanted, "automationSpec": bad}).code == "invalid_argument"


def test_triggers_of_several_tasks_are_switched_together_or_not_at_all(site: Site) -> None:
    for task in ("env.one", "env.two"):
        site.call("task.TaskService/DeployTask", request(task, "v1", "t"))
    names = [{"project": PROJECT, "domain": DOMAIN, "taskName": task, "name": "t"} for task in ("env.one", "env.two")]
    head = site.head()
    update = "trigger.TriggerService/UpdateTriggers"
    assert site.call(update, {"names": [*names, {**names[0], "name": "nope"}], "active": False}).code == "not_found"
    assert site.head() == head
    assert site.call(update, {"names": names, "active": False}).status == 200
    assert site.head() == head + 1
    assert site.call(update, {"names": names, "active": False}).status == 200
    assert site.head() == head + 1
    assert site.call(update, {"names": []}).code == "invalid_argument"


def test_projects_are_filtered_sorted_and_paged(site: Site) -> None:
    for number, state in enumerate(("active", "archived", "active")):
        project = {"id": f"p{number}", "name": f"Project {2 - number}", "description": state}
        assert site.call("project.ProjectService/CreateProject", {"project": project}).status == 200
    archived = {"project": {"id": "p1", "name": "Project 1", "state": "PROJECT_STATE_ARCHIVED"}}
    assert site.call("project.ProjectService/UpdateProject", archived).status == 200

    def ask(**asked: Any) -> list[str]:
        answer = site.call("project.ProjectService/ListProjects", asked).json["projects"]
        return [project["id"] for project in answer.get("projects", [])]

    assert ask() == [PROJECT, "p0", "p2"]
    assert ask(filters="eq(state,1)") == ["p1"]
    by_name = {"key": "name", "direction": "ASCENDING"}
    assert ask(filters="contains(name,Project)+ne(identifier,p1)", sortBy=by_name) == ["p2", "p0"]
    assert ask(filters="value_in(identifier,p0;p1)", sortBy={"key": "created_at"}) == ["p1", "p0"]
    first = site.call("project.ProjectService/ListProjects", {"limit": 2}).json["projects"]
    assert ask(limit=2, token=first["token"]) == ["p2"]
    for wrong in ({"filters": "state"}, {"filters": "eq(nope,1)"}, {"filters": "like(name,1)"}, {"token": "nope"}):
        assert site.call("project.ProjectService/ListProjects", wrong).code == "invalid_argument"
    assert site.call("project.ProjectService/GetProject", {"id": "nope"}).code == "not_found"
    assert site.call("project.ProjectService/UpdateProject", {"project": {"id": "nope"}}).code == "not_found"
    assert site.call("project.ProjectService/CreateProject", {"project": {"id": "p0"}}).code == "already_exists"
    assert site.call("project.ProjectService/CreateProject", {}).code == "invalid_argument"
    assert site.call("project.ProjectService/CreateProject", {"project": {"id": "a/b"}}).code == "invalid_argument"


def test_one_cluster_is_selected(listed: Site) -> None:
    select = "cluster.ClusterService/SelectCluster"
    operation = "OPERATION_CREATE_UPLOAD_LOCATION"
    answer = listed.call(select, {**SCOPE, "operation": operation}, Host="localhost:8089").json
    assert answer["clusterEndpoint"] == "http://localhost:8089"
    assert listed.call(select, {"operation": operation}).code == "invalid_argument"
    assert listed.call(select, SCOPE).code == "invalid_argument"
