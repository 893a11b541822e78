"""The stock Flyte client, CLI and SDK, as real processes: it never notices that there is no cluster."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from taskstore.plan.deploy import VersionPolicy
from taskstore_specs.digest import Digest
from tests.serve.site import DOMAIN, FLYTE, PROGRAMS, PROJECT, Run, Site, run

pytestmark = pytest.mark.usefixtures("flyte_client")

TASKS = {"sorting.merge_sort", "sorting.largest", "sorting.report"}
MERGE_SORT = f"{PROJECT}/{DOMAIN}/sorting.merge_sort"


def deploy(site: Site, *options: str, version: str = "v1") -> Run:
    """Deploy the program `sorting` as its users do."""
    done = site.flyte("deploy", "--image", "img:1", *options, "--version", version, "sorting.py", "env")
    assert done.code == 0, done.text
    return done


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, flyte_client: None) -> Any:
    """A site to which the program was deployed with its code, for tests that only look."""
    site = Site(tmp_path_factory.mktemp("deployed") / "site")
    deploy(site)
    yield site
    site.close()


def test_deploying_twice_changes_nothing_the_second_time(site: Site) -> None:
    for options in (["--copy-style", "none"], []):
        deploy(site, *options, version=f"v{len(options)}")
        head = site.head()
        deploy(site, *options, version=f"v{len(options)}")
        assert site.head() == head


def test_what_is_deployed_is_listed_by_both(deployed: Site) -> None:
    rows = deployed.json("list")["tasks"]
    assert {row["name"] for row in rows} == TASKS
    [row] = [row for row in rows if row["name"] == "sorting.merge_sort"]
    assert (row["function_name"], row["environment"], row["version"]) == ("merge_sort", "sorting", "v1")
    assert (row["total_triggers"], row["active_triggers"]) == (2, 1)
    assert row["short_description"] == "Sorts numbers."
    listed = deployed.flyte("get", "task").json
    assert {task["taskId"]["name"] for task in listed} == TASKS
    assert {task["taskId"]["version"] for task in listed} == {"v1"}


def test_one_task_is_shown(deployed: Site) -> None:
    [newest] = deployed.flyte("get", "task", "sorting.largest").json
    assert newest["metadata"]["shortName"] == "largest"
    details = deployed.flyte("get", "task", "sorting.largest", "v1")
    assert "sorting.largest" in details.out
    missing = deployed.flyte("get", "task", "sorting.largest", "v9")
    assert missing.code == 1
    assert "v9" in missing.text


def test_triggers_are_listed_and_shown(deployed: Site) -> None:
    listed = deployed.flyte("get", "trigger", "sorting.merge_sort").json
    assert {trigger["id"]["name"]["name"]: trigger.get("active", False) for trigger in listed} == {
        "nightly": True,
        "often": False,
    }
    assert len(deployed.flyte("get", "trigger").json) == 3
    shown = deployed.flyte("get", "trigger", "sorting.merge_sort", "nightly")
    assert "Europe/Berlin" in shown.out


def test_the_code_of_a_task_is_kept_with_it(deployed: Site) -> None:
    details = deployed.call(
        "task.TaskService/GetTaskDetails",
        {"taskId": {"project": PROJECT, "domain": DOMAIN, "name": "sorting.largest", "version": "v1"}},
    ).json["details"]
    uri = details["spec"]["taskTemplate"]["metadata"]["codeBundleUri"]
    assert uri.startswith(f"taskstore://{PROJECT}/{DOMAIN}/")
    bundle = deployed.request("GET", "/files/" + uri.removeprefix("taskstore://"))
    with tarfile.open(fileobj=io.BytesIO(bundle.body), mode="r:gz") as archive:
        assert archive.extractfile("sorting.py").read() == (PROGRAMS / "sorting.py").read_bytes()  # type: ignore[union-attr]
    digest = Digest.of(bundle.body)
    assert deployed.request("GET", f"/blobs/{digest}").body == bundle.body
    link = deployed.call(
        "dataproxy.DataProxyService/CreateDownloadLink",
        {"artifactType": "ARTIFACT_TYPE_CODE_BUNDLE", "taskId": details["taskId"]},
    ).json["preSignedUrls"]["signedUrl"][0]
    assert deployed.request("GET", link).body == bundle.body


def test_the_inputs_of_a_trigger_are_kept_with_it(deployed: Site) -> None:
    from flyteidl2.task.common_pb2 import Inputs

    name = {"project": PROJECT, "domain": DOMAIN, "taskName": "sorting.merge_sort", "name": "nightly"}
    trigger = deployed.call("trigger.TriggerService/GetTriggerDetails", {"name": name}).json["trigger"]
    uri = trigger["spec"]["offloadedInputData"]["uri"]
    inputs = deployed.request("GET", f"/files/{uri.removeprefix('taskstore://')}/inputs.pb")
    [literal] = Inputs.FromString(inputs.body).literals
    assert (literal.name, literal.value.scalar.primitive.integer) == ("limit", 7)


def test_triggers_are_switched_and_deleted(site: Site) -> None:
    deploy(site, "--copy-style", "none")
    assert site.flyte("update", "trigger", "often", "sorting.merge_sort", "--activate").code == 0
    assert site.flyte("update", "trigger", "nightly", "sorting.merge_sort", "--deactivate").code == 0
    rows = {row["name"]: row for row in site.json("trigger", "list", MERGE_SORT)["triggers"]}
    assert (rows["often"]["active"], rows["nightly"]["active"]) == (True, False)
    assert site.flyte("delete", "trigger", "often", "sorting.merge_sort").code == 0
    listed = site.flyte("get", "trigger", "sorting.merge_sort").json
    assert [trigger["id"]["name"]["name"] for trigger in listed] == ["nightly"]
    gone = site.flyte("update", "trigger", "often", "sorting.merge_sort", "--activate")
    assert gone.code == 1
    assert "often" in gone.text


def test_a_trigger_is_created_by_the_sdk(site: Site) -> None:
    deploy(site, "--copy-style", "none")
    created = site.python("create_trigger.py", "sorting.merge_sort", "at-four")
    assert (created.code, created.out.split()) == (0, ["at-four", "1", "True"]), created.text
    rows = {row["name"]: row for row in site.json("trigger", "list", MERGE_SORT)["triggers"]}
    assert (rows["at-four"]["schedule"], rows["at-four"]["task_version"]) == ("5 4 * * * UTC", "v1")
    assert len(rows) == 3


def test_projects_are_created_shown_updated_and_archived(site: Site) -> None:
    assert site.flyte("create", "project", "--id", "ml", "--name", "Models", "--description", "All").code == 0
    twice = site.flyte("create", "project", "--id", "ml", "--name", "Models")
    assert twice.code == 1
    assert "exists" in twice.text
    assert "Models" in site.flyte("get", "project", "ml").out
    assert site.flyte("update", "project", "ml", "--description", "None", "--archive").code == 0
    assert {row["id"] for row in site.flyte("get", "project").json} == {PROJECT}
    assert {row["id"] for row in site.flyte("get", "project", "--archived").json} == {"ml"}
    [row] = [row for row in site.json("project", "list")["projects"] if row["id"] == "ml"]
    assert (row["name"], row["description"], row["state"]) == ("Models", "None", "archived")


def test_who_one_is(deployed: Site) -> None:
    assert deployed.flyte("whoami").json["subject"] == "127.0.0.1"
    assert {row["deployed_by"] for row in deployed.json("list")["tasks"]} == {"127.0.0.1"}


def test_what_is_refused_is_shown_and_fails(make_site: Callable[..., Site]) -> None:
    site = make_site(versions=VersionPolicy.IMMUTABLE)
    options = ("deploy", "--copy-style", "none", "--version", "v1")
    site.taskstore("project", "archive", PROJECT)
    archived = site.flyte(*options, "--image", "img:1", "sorting.py", "env")
    assert archived.code == 1
    assert "archived" in archived.text
    site.taskstore("project", "restore", PROJECT)
    assert site.flyte(*options, "--image", "img:1", "sorting.py", "env").code == 0
    conflict = site.flyte(*options, "--image", "img:2", "sorting.py", "env")
    assert conflict.code == 1
    assert "immutable" in conflict.text
    unknown = site.flyte(*options, "--image", "img:1", "--project", "nope", "sorting.py", "env")
    assert unknown.code == 1
    assert "nope" in unknown.text


@pytest.mark.parametrize("chosen", [[], ["merge_sort", "largest"]])
def test_a_bundle_takes_tasks_and_their_code_to_another_site(make_site: Callable[..., Site], chosen: list[str]) -> None:
    here, there = make_site("here"), make_site("there")
    deploy(here)
    bundle = here.folder / "tasks.tar"
    tasks = [f"{PROJECT}/{DOMAIN}/sorting.{name}" for name in chosen]
    for done in (here.taskstore("bundle", "create", bundle, *tasks), there.taskstore("bundle", "apply", bundle)):
        assert done.code == 0, done.err
    for question in (["task", "sorting.largest", "v1"], ["trigger", "sorting.merge_sort"]):
        said = [site.flyte("get", *question) for site in (here, there)]
        assert said[0].code == 0, said[0].text
        assert said[0].out == said[1].out
    for name, uris in (("largest", {".tar.gz"}), ("merge_sort", {".tar.gz", "offloaded-inputs"})):
        shown = there.taskstore_bytes("show", f"{PROJECT}/{DOMAIN}/sorting.{name}", "--json").decode()
        found = set(re.findall(r"taskstore://([^\"]+)", shown))
        assert all(any(part in uri for uri in found) for part in uris)
        for uri in found:
            path = f"/files/{uri}/inputs.pb" if "offloaded-inputs" in uri else f"/files/{uri}"
            there_is = there.request("GET", path)
            assert (there_is.status, there_is.body) == (200, here.request("GET", path).body)


def test_the_client_needs_no_configuration_file(deployed: Site) -> None:
    named = ("--endpoint", deployed.url, "--insecure", "--org", "site", "-of", "json")
    scope = ("--project", PROJECT, "--domain", DOMAIN)
    done = run(FLYTE, *named, "get", "task", *scope, cwd=deployed.programs)
    assert {task["taskId"]["name"] for task in done.json} == TASKS
