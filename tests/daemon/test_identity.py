"""Identity is content: nothing is deployed twice, and nothing is deployed anew for having been touched."""

from __future__ import annotations

import os
import shutil
import signal

from taskstore.store.source import Source
from taskstore_specs import Format
from tests.daemon.plant import Plant, manifest


def after(plant: Plant, marker: str) -> None:
    """Wait until the daemon has dealt with everything that happened before now."""
    plant.drop(f"{marker}.json", manifest(marker))
    plant.settled(f"{marker}.json")


def test_touching_and_saving_the_same_again_does_nothing(plant: Plant) -> None:
    plant.start()
    path = plant.drop("a.json", manifest("a"))
    plant.settled("a.json")
    os.utime(path)
    path.write_text(manifest("a"))
    after(plant, "b")
    plant.drop("a.json", manifest("a"))
    after(plant, "c")
    assert plant.deploys() == ["a@v1", "b@v1", "c@v1"]


def test_a_restart_deploys_nothing_twice(plant: Plant) -> None:
    daemon = plant.start()
    for name in "abc":
        plant.drop(f"{name}.json", manifest(name))
        plant.settled(f"{name}.json")
    assert plant.stop(daemon) == 0
    sequence = plant.sequence()
    daemon = plant.start()
    after(plant, "d")
    assert plant.sequence() == sequence + 1
    plant.stop(daemon, signal.SIGKILL)
    plant.start()
    after(plant, "e")
    assert plant.deploys() == [f"{name}@v1" for name in "abcde"]


def test_a_deploy_by_other_ways_is_not_undone(plant: Plant) -> None:
    daemon = plant.start()
    path = plant.drop("a.json", manifest("a", image="one"))
    plant.settled("a.json")
    newer = Source("elsewhere", manifest("a", image="two").encode(), Format.JSON)
    plant.store.deploy([newer])
    os.utime(path)
    after(plant, "b")
    plant.stop(daemon)
    shutil.rmtree(plant.inbox / "receipts")
    plant.start()
    after(plant, "c")
    assert plant.deploys() == ["a@v1", "a@v1", "b@v1", "c@v1"]


def test_a_rename_deploys_nothing(plant: Plant) -> None:
    plant.start()
    plant.drop("a.json", manifest("a", image="one"))
    plant.drop("folder/b.json", manifest("b", image="one"))
    plant.settled("a.json")
    plant.settled("folder/b.json")
    for name in "ab":
        plant.store.deploy([Source("elsewhere", manifest(name, image="two").encode(), Format.JSON)])
    (plant.inbox / "a.json").rename(plant.inbox / "renamed.json")
    (plant.inbox / "folder").rename(plant.inbox / "moved")
    plant.settled("renamed.json")
    plant.settled("moved/b.json")
    after(plant, "c")
    assert sorted(plant.deploys()) == ["a@v1", "a@v1", "b@v1", "b@v1", "c@v1"]


def test_content_that_comes_back_is_deployed_again(plant: Plant) -> None:
    plant.start()
    for image in ("one", "two", "one"):
        plant.drop("a.json", manifest("a", image=image))
        plant.settled("a.json")
    assert plant.deploys() == ["a@v1"] * 3


def test_removing_a_file_deletes_nothing(plant: Plant) -> None:
    plant.start()
    plant.drop("a.json", manifest("a")).unlink()
    after(plant, "b")
    plant.drop("c.json", manifest("c"))
    plant.settled("c.json")
    (plant.inbox / "c.json").unlink()
    after(plant, "d")
    assert plant.deploys()[-3:] == ["b@v1", "c@v1", "d@v1"]


def test_a_broken_save_changes_nothing_that_was_deployed(plant: Plant) -> None:
    plant.start()
    plant.drop("a.json", manifest("a"))
    plant.settled("a.json")
    plant.drop("a.json", "{")
    assert plant.settled("a.json")["outcome"] == "rejected"
    plant.drop("a.json", manifest("a"))
    assert plant.settled("a.json")["outcome"] == "unchanged"
    assert not (plant.inbox / "a.json.error.txt").exists()
    assert plant.deploys() == ["a@v1"]
