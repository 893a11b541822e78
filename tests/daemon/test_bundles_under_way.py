"""While a bundle is taken in: the manifests go on, and whatever ends it, the same bundle goes on from there."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from taskstore.journal.changes import TaskChange
from taskstore.store.source import Source
from taskstore_specs import Format
from tests.bundle_stores import content_of
from tests.daemon.air_gap import Upstream, carry, outcome
from tests.daemon.plant import Plant, manifest, until

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="optional: needs Linux's /proc")

MANY = 6_000
"""More facts than one journal entry takes of a bundle."""


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """The other side, with a bundle that takes several entries."""
    upstream = Upstream(tmp_path_factory.mktemp("other") / "upstream")
    upstream.store.deploy(_source(number) for number in range(MANY))
    upstream.pack("large.tar")
    yield upstream
    upstream.store.close()


def _source(number: int) -> Source:
    identity = {"project": "p", "domain": "development", "name": f"t{number}", "version": "v1"}
    document = {"taskId": identity, "spec": {"taskTemplate": {"content": f"{number % 50}"}}}
    return Source(f"{number}.json", msgspec.json.encode(document), Format.JSON)


def children(pid: int) -> list[int]:
    """The processes that take bundles in for the daemon `pid`."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = place.read_text().rpartition(")")[2].split()[:2]
            command = (place.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(parent) == pid and state != "Z" and b"bundles.child" in command:
            found.append(int(place.parent.name))
    return found


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def taken_once(plant: Plant, upstream: Upstream) -> bool:
    """Whether each version was recorded as often as on the other side."""

    def recorded(store: object) -> Counter[str]:
        entries = store.journal.entries()  # type: ignore[attr-defined]
        changes = (change for entry, _ in entries for change in entry.changes)
        return Counter(change.name for change in changes if isinstance(change, TaskChange))

    return recorded(plant.store) == recorded(upstream.store)


def test_manifests_are_deployed_while_a_bundle_is_taken_in(plant: Plant, upstream: Upstream) -> None:
    daemon = plant.start()
    carry(plant, upstream.folder / "large.tar")
    [child] = until(lambda: children(daemon.pid), "the process that takes it in")
    os.kill(child, signal.SIGSTOP)
    plant.drop("a.json", manifest("a"))
    assert plant.settled("a.json")["outcome"] == "created"
    until(lambda: plant.health()["applying"] == "large.tar", "the state names it")
    assert plant.receipt("large.tar") is None
    os.kill(child, signal.SIGCONT)
    outcome(plant, "large.tar", "applied")
    until(lambda: plant.health()["applying"] == "")


def test_a_flood_of_manifests_and_a_bundle_are_both_taken(plant: Plant, upstream: Upstream) -> None:
    plant.start()
    carry(plant, upstream.folder / "large.tar")
    for number in range(500):
        plant.drop(f"{number}.json", manifest(f"own{number}"))
    outcome(plant, "large.tar", "applied")
    until(lambda: plant.health()["counts"]["created"] == 500, plant.log.read_text())
    assert len(content_of(plant.store)) == MANY + 500


def test_kills_at_any_moment_converge(plant: Plant, upstream: Upstream, thorough: bool) -> None:
    chance = random.Random(20261124)
    carry(plant, upstream.folder / "large.tar")
    for _ in range(60 if thorough else 4):
        daemon = plant.start()
        found = until(lambda: children(daemon.pid) or plant.receipt("large.tar"))  # noqa: B023 - called at once
        time.sleep(chance.uniform(0.1, 2.0))
        daemon.kill()
        daemon.wait()
        plant.running.clear()
        for child in found if isinstance(found, list) else []:
            until(lambda child=child: not is_running(child), "it ends with its daemon")
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0
    outcome(plant, "large.tar", "applied", "unchanged")
    assert content_of(plant.store) == content_of(upstream.store)
    assert taken_once(plant, upstream)


def test_a_daemon_that_is_ended_ends_what_it_does_and_goes_on_later(plant: Plant, upstream: Upstream) -> None:
    daemon = plant.start()
    carry(plant, upstream.folder / "large.tar")
    [child] = until(lambda: children(daemon.pid))
    os.kill(child, signal.SIGSTOP)
    assert plant.stop(daemon) == 0
    assert not is_running(child)
    assert plant.receipt("large.tar") is None
    plant.start()
    outcome(plant, "large.tar", "applied")
    assert content_of(plant.store) == content_of(upstream.store)


def test_a_process_that_dies_is_told_of_and_holds_nothing_up(plant: Plant, upstream: Upstream) -> None:
    daemon = plant.start()
    carry(plant, upstream.folder / "large.tar")
    [child] = until(lambda: children(daemon.pid))
    os.kill(child, signal.SIGKILL)
    assert "ended with -9" in outcome(plant, "large.tar", "rejected")["error"]["message"]
    plant.drop("a.json", manifest("a"))
    assert plant.settled("a.json")["outcome"] == "created"
    carry(plant, upstream.folder / "large.tar")
    outcome(plant, "large.tar", "applied")


def test_a_busy_store_is_waited_out(plant: Plant, upstream: Upstream) -> None:
    daemon = plant.start()
    with plant.store.index.write():
        carry(plant, upstream.folder / "large.tar")
        until(lambda: children(daemon.pid))
        time.sleep(1.0)
    outcome(plant, "large.tar", "applied")
