"""`--prune`: the triggers of tasks whose manifests are gone are deleted, unless it looks like an accident."""

from __future__ import annotations

import json

from taskstore.index.queries import TriggerQuery
from tests.daemon.plant import Plant, manifest, until


def scheduled(name: str) -> str:
    request = json.loads(manifest(name))
    automation = {"schedule": {"cron": {"expression": "0 2 * * *"}}}
    request["triggers"] = [{"name": "nightly", "spec": {"active": True}, "automation_spec": automation}]
    return json.dumps(request)


def triggers(plant: Plant) -> list[str]:
    """The tasks whose trigger is not deleted."""
    return sorted(row.task_name for row in plant.store.list_triggers(TriggerQuery()).triggers)


def settle(plant: Plant, marker: str) -> None:
    """Wait for two more scans and what they may have led to."""
    for step in "xy":
        plant.drop(f"{marker}{step}.json", manifest(f"{marker}{step}"))
        plant.settled(f"{marker}{step}.json")
        scanned = plant.health()["last_scan_at"]
        until(lambda scanned=scanned: plant.health()["last_scan_at"] != scanned)  # type: ignore[misc]


def test_nothing_is_pruned_unless_asked_for(plant: Plant) -> None:
    plant.start()
    path = plant.drop("a.json", scheduled("a"))
    plant.settled("a.json")
    path.unlink()
    settle(plant, "m")
    assert triggers(plant) == ["a"]


def test_the_triggers_of_a_removed_manifest_are_deleted_and_come_back_with_it(plant: Plant) -> None:
    plant.start("--prune")
    path = plant.drop("a.json", scheduled("a"))
    plant.drop("b.json", scheduled("b"))
    plant.settled("a.json")
    plant.settled("b.json")
    path.unlink()
    until(lambda: triggers(plant) == ["b"], "pruned")
    plant.drop("a.json", scheduled("a"))
    until(lambda: triggers(plant) == ["a", "b"], "back")


def test_an_empty_folder_prunes_nothing(plant: Plant) -> None:
    plant.start("--prune")
    path = plant.drop("a.json", scheduled("a"))
    plant.settled("a.json")
    path.unlink()
    until(lambda: plant.health()["known"] == 0)
    scanned = plant.health()["last_scan_at"]
    until(lambda: plant.health()["last_scan_at"] != scanned)
    assert triggers(plant) == ["a"]


def test_a_replaced_folder_prunes_nothing(plant: Plant) -> None:
    plant.start("--prune")
    plant.drop("a.json", scheduled("a"))
    plant.settled("a.json")
    plant.inbox.rename(plant.root / "unmounted")
    plant.inbox.mkdir()
    settle(plant, "m")
    assert triggers(plant) == ["a"]


def test_many_at_once_are_an_accident_unless_forced(plant: Plant) -> None:
    names = [f"t{number}" for number in range(11)]
    for name in names:
        plant.drop(f"{name}.json", scheduled(name))
    plant.drop("stays.json", manifest("stays"))
    daemon = plant.start("--prune")
    until(lambda: len(triggers(plant)) == 11)
    until(lambda: len(list((plant.inbox / "receipts").glob("*.json"))) == 12)
    for name in names:
        (plant.inbox / f"{name}.json").unlink()
    until(lambda: "11 tasks are gone at once" in plant.health()["problem"])
    assert len(triggers(plant)) == 11
    plant.stop(daemon)
