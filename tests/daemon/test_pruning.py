"""`--prune`: the triggers of tasks whose manifests are gone are deleted, unless it looks like an accident."""

from __future__ import annotations

from tests.daemon.plant import Plant, manifest, scanned_again, scheduled, triggers, until


def test_nothing_is_pruned_unless_asked_for(plant: Plant) -> None:
    plant.start()
    path = plant.drop("a.json", scheduled("a"))
    plant.settled("a.json")
    path.unlink()
    plant.drop("other.json", manifest("other"))
    plant.settled("other.json")
    scanned_again(plant, times=3)
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
    scanned_again(plant, times=3)
    assert triggers(plant) == ["a"]


def test_a_replaced_folder_prunes_nothing(plant: Plant) -> None:
    plant.start("--prune")
    plant.drop("a.json", scheduled("a"))
    plant.settled("a.json")
    plant.inbox.rename(plant.root / "unmounted")
    plant.inbox.mkdir()
    plant.drop("other.json", manifest("other"))
    plant.settled("other.json")
    scanned_again(plant, times=3)
    assert triggers(plant) == ["a"]


def eleven_removed(plant: Plant, *options: str) -> None:
    """Eleven tasks with a trigger each are deployed, and their folder moved away; one other stays."""
    names = [f"line/t{number}.json" for number in range(11)]
    for number, name in enumerate(names):
        plant.drop(name, scheduled(f"t{number}"))
    plant.drop("stays.json", manifest("stays"))
    plant.start("--prune", *options)
    for name in [*names, "stays.json"]:
        plant.settled(name)
    (plant.inbox / "line").rename(plant.root / "line")


def test_many_at_once_are_an_accident(plant: Plant) -> None:
    eleven_removed(plant)
    until(lambda: "11 tasks are gone at once" in plant.health()["problem"], "refused")
    assert len(triggers(plant)) == 11


def test_many_at_once_are_pruned_when_forced(plant: Plant) -> None:
    eleven_removed(plant, "--force")
    until(lambda: triggers(plant) == [], "pruned")
    assert len(plant.deploys()) == 12
