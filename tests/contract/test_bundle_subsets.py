"""A bundle of some of the facts carries exactly the blobs that these need: specifications, and what they refer to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from taskstore.bundle import opened
from taskstore.index.selection import Chosen, Selection
from taskstore.store.source import Source
from taskstore.store.store import Store
from taskstore_specs import Digest, Format
from tests.bundle_stores import Ticking, ask, new_store, send, take

pytestmark = pytest.mark.usefixtures("no_network")
OLD, NEW, INPUTS, B, UNUSED = "code/a-old", "code/a-new", "inputs/a/inputs.pb", "code/b", "code/unused"
EVERY_NAME = (OLD, NEW, INPUTS, B, UNUSED)


def deploy(store: Store, name: str, version: str, refers_to: str, *triggers: Any, domain: str = "development") -> None:
    """Task `name`, whose project is called as the task is, with a code bundle at `refers_to`."""
    identity = {"project": name, "domain": domain, "name": name, "version": version}
    spec = {"taskTemplate": {"metadata": {"codeBundleUri": refers_to, "version": version}}}
    document = {"taskId": identity, "spec": spec, "triggers": triggers}
    report = store.deploy([Source("manifest.json", msgspec.json.encode(document), Format.JSON)])
    assert report.summary.rejected == 0, report.results


def with_inputs(reference: str) -> dict[str, Any]:
    """A trigger with offloaded inputs, which Flyte names by their folder."""
    schedule = {"schedule": {"cron": {"expression": "0 2 * * *"}}}
    return {
        "name": "daily",
        "spec": {"active": True, "offloadedInputData": {"uri": reference}},
        "automationSpec": schedule,
    }


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Store]:
    """Two tasks of two projects that refer to blobs by name, and one that refers to none."""
    with new_store(tmp_path / "upstream", Ticking(), projects=["a", "b"]) as store:
        for name in EVERY_NAME:
            store.put_blob(name, name.encode(), media_type="application/octet-stream")
        deploy(store, "a", "v1", f"taskstore://{OLD}")
        deploy(store, "a", "v2", f"taskstore://{NEW}", with_inputs("taskstore://inputs/a"))
        deploy(store, "b", "v1", f"taskstore://{B}")
        deploy(store, "b", "v1", "s3://bucket/b", domain="production")
        yield store


def named_in(store: Store) -> set[str]:
    return {name for (name,) in ask(store, "SELECT name FROM blobs")}


def specs_in(store: Store) -> set[Digest]:
    return {Digest.parse(digest) for (digest,) in ask(store, "SELECT digest FROM task_revisions")}


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        (Selection(project="a"), {OLD, NEW, INPUTS}),
        (Selection(project="b"), {B}),
        (Selection(domain="production"), set()),
        (Selection(latest=True), {NEW, INPUTS, B}),
        (Selection(project="a", latest=True), {NEW, INPUTS}),
        (Selection(tasks=(Chosen("a", "development", "a", "v1"),)), {OLD}),
        (Selection(tasks=(Chosen("a", "development", "a"), Chosen("b", "development", "b"))), {OLD, NEW, INPUTS, B}),
        (Selection(), set(EVERY_NAME)),
    ],
)
def test_a_subset_brings_what_its_facts_refer_to_and_nothing_else(
    upstream: Store, tmp_path: Path, selection: Selection, names: set[str]
) -> None:
    paths = send(upstream, tmp_path / "bundle", selection=selection)
    with opened(paths) as (bundle,):
        carried = {digest for digest, _ in bundle.blobs()}
    with new_store(tmp_path / "site") as site:
        take(site, *paths)
        assert named_in(site) == names
        assert carried == set(site.blobs) == specs_in(site) | {Digest.of(name.encode()) for name in names}
        assert all(site.blobs.get(site.find_blob(name).digest) == name.encode() for name in names)


@pytest.mark.parametrize("selection", [Selection(), Selection(project="b")])
def test_a_delta_by_receipt_brings_what_its_own_facts_need(
    upstream: Store, tmp_path: Path, selection: Selection
) -> None:
    """What a chosen fact refers to comes with it, whether an earlier bundle brought it or not; of everything, the name
    was brought by the fact that gave it."""
    with new_store(tmp_path / "site") as site:
        take(site, *send(upstream, tmp_path / "first", selection=selection))
        known = specs_in(upstream)
        deploy(upstream, "b", "v2", f"taskstore://{B}")
        paths = send(upstream, tmp_path / "delta", to=site, selection=selection)
        with opened(paths) as (bundle,):
            carried = {digest for digest, _ in bundle.blobs()}
        referred = {Digest.of(B.encode())} if selection.scope else set()
        assert carried == (specs_in(upstream) - known) | referred
        take(site, *paths)
        assert site.find_blob(B).digest == Digest.of(B.encode())
