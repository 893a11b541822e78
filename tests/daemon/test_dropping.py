"""A file that is dropped becomes a deployed task, whatever way it came."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.daemon.plant import Plant, manifest, until


def test_a_file_renamed_into_place_is_deployed(plant: Plant) -> None:
    plant.start()
    plant.drop("a.json", manifest("a"))
    receipt = plant.settled("a.json")
    assert (receipt["outcome"], receipt["sequence"]) == ("created", 2)
    assert receipt["documents"][0]["task"] == "plant/production/a@v1"
    assert plant.deploys() == ["a@v1"]


def test_a_file_that_was_there_before_the_start_is_deployed(plant: Plant) -> None:
    (plant.inbox / "a.json").write_text(manifest("a"))
    plant.start()
    assert plant.settled("a.json")["outcome"] == "created"


def test_sub_folders_are_watched_as_they_come(plant: Plant) -> None:
    plant.start("--rescan", "3600")
    plant.drop("team/deep/a.json", manifest("a"))
    plant.settled("team/deep/a.json")
    plant.drop("team/deep/b.json", manifest("b"))
    plant.settled("team/deep/b.json")
    assert plant.deploys() == ["a@v1", "b@v1"]


def test_a_folder_that_is_moved_in_whole_is_deployed(plant: Plant) -> None:
    outside = plant.root / "outside"
    (outside / "inner").mkdir(parents=True)
    (outside / "inner" / "a.json").write_text(manifest("a"))
    plant.start("--rescan", "3600")
    outside.rename(plant.inbox / "moved")
    plant.settled("moved/inner/a.json")
    plant.drop("moved/inner/b.json", manifest("b"))
    plant.settled("moved/inner/b.json")
    assert plant.deploys() == ["a@v1", "b@v1"]


def test_a_renamed_folder_goes_on_being_watched(plant: Plant) -> None:
    plant.start("--rescan", "3600")
    plant.drop("old/a.json", manifest("a"))
    plant.settled("old/a.json")
    (plant.inbox / "old").rename(plant.inbox / "new")
    plant.settled("new/a.json")
    plant.drop("new/b.json", manifest("b"))
    plant.settled("new/b.json")
    assert plant.deploys() == ["a@v1", "b@v1"]


def test_a_configmap_swap_is_noticed(plant: Plant) -> None:
    def publish(stamp: str, version: str) -> None:
        folder = plant.inbox / f"..{stamp}"
        folder.mkdir()
        (folder / "a.json").write_text(manifest("a", version))
        (plant.inbox / "..data_tmp").symlink_to(folder.name)
        (plant.inbox / "..data_tmp").rename(plant.inbox / "..data")

    publish("2026_01", "v1")
    (plant.inbox / "a.json").symlink_to("..data/a.json")
    plant.start("--rescan", "3600")
    plant.settled("a.json")
    publish("2026_02", "v2")
    shutil.rmtree(plant.inbox / "..2026_01")
    plant.settled("a.json")
    assert plant.deploys() == ["a@v1", "a@v2"]


def test_a_replaced_inbox_is_watched_anew(plant: Plant) -> None:
    plant.start()
    plant.drop("a.json", manifest("a"))
    plant.settled("a.json")
    plant.inbox.rename(plant.root / "old-inbox")
    (plant.root / "old-inbox" / "stray.json").write_text(manifest("stray"))
    plant.inbox.mkdir()
    plant.drop("b.json", manifest("b"))
    plant.settled("b.json")
    assert plant.deploys() == ["a@v1", "b@v1"]


def test_a_vanished_inbox_is_told_and_waited_for(plant: Plant) -> None:
    plant.start()
    shutil.rmtree(plant.inbox)
    until(lambda: "cannot be read" in plant.health()["problem"])
    plant.inbox.mkdir()
    plant.drop("a.json", manifest("a"))
    plant.settled("a.json")


def test_names_that_are_no_text_are_deployed(plant: Plant) -> None:
    plant.start()
    name = os.fsdecode(b"caf\xe9 \xff.json")
    plant.drop(name, manifest("a"))
    assert plant.settled(name)["path"] == "caf\\xe9 \\xff.json"
    inner = os.fsdecode(b"\xf6rtlich/\x01b.json")
    plant.drop(inner, manifest("b"))
    assert plant.settled(inner)["path"] == "\\xf6rtlich/\\x01b.json"
    plant.drop(inner, manifest("b", "v2"))
    plant.settled(inner)
    assert plant.deploys() == ["a@v1", "b@v1", "b@v2"]


def test_the_real_requests_are_deployed_once_in_either_spelling(plant: Plant, corpus: Path) -> None:
    plant.store.create_project("flytesnacks")
    shutil.copytree(corpus / "snake", plant.inbox, dirs_exist_ok=True)
    names = sorted(path.name for path in plant.inbox.glob("*.json"))
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0
    assert {plant.receipt(name)["outcome"] for name in names} == {"created"}  # type: ignore[index]
    assert len(plant.deploys()) == len(set(plant.deploys())) == len(names)
    sequence = plant.sequence()
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0
    assert plant.sequence() == sequence
    shutil.copytree(corpus / "camel", plant.inbox / "camel")
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0
    assert {plant.receipt(f"camel/{name}")["outcome"] for name in names} == {"unchanged"}  # type: ignore[index]


def test_a_file_that_a_shell_appends_to_ends_whole(plant: Plant) -> None:
    plant.start()
    script = "import sys,time\nfor line in sys.argv[2:]:\n  open(sys.argv[1],'a').write(line)\n  time.sleep(0.3)"
    lines = manifest("a").partition(',"') if ',"' in manifest("a") else manifest("a").partition(", ")
    subprocess.run([sys.executable, "-c", script, plant.inbox / "a.json", *lines], check=True)
    assert plant.settled("a.json")["outcome"] == "created"
    assert not (plant.inbox / "a.json.error.txt").exists()
