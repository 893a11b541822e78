"""What somebody may put into a folder, by accident or on purpose."""

from __future__ import annotations

import os

import pytest

from taskstore_specs.limits import MANIFEST_BYTES
from tests.daemon.plant import AS_ANYBODY, Plant, manifest, until


def after(plant: Plant) -> None:
    """Wait until the daemon has scanned everything once more and goes on working."""
    plant.drop("good.json", manifest("good"))
    assert plant.settled("good.json")["outcome"] == "created"


def ignored(plant: Plant) -> dict[str, str]:
    return {named["path"]: named["why"] for named in plant.health()["ignored_files"]}


def test_a_link_out_of_the_inbox_is_not_followed(plant: Plant) -> None:
    secret = plant.root / "secret.json"
    secret.write_text(manifest("secret"))
    (plant.inbox / "absolute.json").symlink_to(secret)
    (plant.inbox / "relative.json").symlink_to("../secret.json")
    (plant.inbox / "folder").symlink_to(plant.root)
    (plant.inbox / "through.json").symlink_to("folder/secret.json")
    plant.start()
    after(plant)
    assert plant.deploys() == ["good@v1"]
    until(lambda: {"absolute.json", "relative.json", "through.json"} <= ignored(plant).keys())


def test_links_that_go_in_a_circle_or_nowhere_are_ignored(plant: Plant) -> None:
    (plant.inbox / "a.json").symlink_to("b.json")
    (plant.inbox / "b.json").symlink_to("a.json")
    (plant.inbox / "nowhere.json").symlink_to("missing.json")
    (plant.inbox / "self").symlink_to(".")
    plant.start()
    after(plant)
    assert plant.deploys() == ["good@v1"]


def test_a_link_inside_the_inbox_is_followed(plant: Plant) -> None:
    hidden = plant.inbox / ".current"
    hidden.mkdir()
    (hidden / "a.json").write_text(manifest("a"))
    (plant.inbox / "a.json").symlink_to(".current/a.json")
    plant.start()
    assert plant.settled("a.json")["outcome"] == "created"


def test_a_fifo_blocks_nothing(plant: Plant) -> None:
    os.mkfifo(plant.inbox / "pipe.json")
    plant.start()
    after(plant)
    until(lambda: "pipe.json" in ignored(plant))
    assert plant.deploys() == ["good@v1"]


def test_a_huge_file_is_refused_unread(plant: Plant) -> None:
    with (plant.inbox / "huge.yaml").open("wb") as file:
        file.truncate(1 << 30)
    plant.start()
    note = plant.inbox / "huge.yaml.error.txt"
    until(note.exists)
    assert str(MANIFEST_BYTES) in note.read_text()
    after(plant)
    assert plant.deploys() == ["good@v1"]


def test_a_file_of_exactly_the_limit_is_read(plant: Plant) -> None:
    text = manifest("a")
    plant.drop("full.json", text + " " * (MANIFEST_BYTES - len(text)))
    plant.start()
    assert plant.settled("full.json")["outcome"] == "created"


def test_a_file_that_may_not_be_read_is_refused_until_it_may(plant: Plant) -> None:
    path = plant.drop("a.json", manifest("a"))
    path.chmod(0)
    plant.start(wrapper=AS_ANYBODY)
    note = plant.inbox / "a.json.error.txt"
    until(note.exists)
    path.chmod(0o644)
    plant.settled("a.json")
    assert not note.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="optional: giving files away needs root")
def test_a_file_of_somebody_else_is_deployed(plant: Plant) -> None:
    early = plant.drop("early.json", manifest("early"))
    os.chown(early, 12345, 12345)
    plant.start(wrapper=AS_ANYBODY)
    assert plant.settled("early.json")["outcome"] == "created"
    beside = plant.root / "late.json"
    beside.write_text(manifest("late"))
    os.chown(beside, 12345, 12345)
    beside.rename(plant.inbox / "late.json")
    assert plant.settled("late.json")["outcome"] == "created"


def test_temporary_names_are_never_taken(plant: Plant) -> None:
    names = [".a.yaml", "a.yaml~", "a.yaml.swp", "a.yaml.tmp", "a.yaml.part", "a.yaml.bak", ".hidden/a.yaml"]
    plant.start()
    for number, name in enumerate(names):
        plant.drop(name, manifest(f"t{number}"))
    plant.drop("receipts/a.yaml", manifest("receipt"))
    after(plant)
    assert plant.deploys() == ["good@v1"]


def test_other_names_are_listed_as_ignored(plant: Plant) -> None:
    plant.drop("notes.txt", "remember the milk")
    plant.start()
    until(lambda: "notes.txt" in ignored(plant))
    assert plant.deploys() == []


def test_receipts_are_not_written_through_a_link(plant: Plant) -> None:
    elsewhere = plant.root / "elsewhere"
    elsewhere.mkdir()
    (plant.inbox / "receipts").symlink_to(elsewhere)
    plant.start()
    plant.drop("a.json", manifest("a"))
    until(lambda: plant.deploys() == ["a@v1"])
    until(lambda: "receipts cannot be written" in plant.health()["problem"])
    assert list(elsewhere.iterdir()) == []


def test_a_deep_tree_is_entered_to_a_bound(plant: Plant) -> None:
    deep = plant.inbox
    for _ in range(40):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "a.json").write_text(manifest("deep"))
    plant.start()
    after(plant)
    assert plant.deploys() == ["good@v1"]
    until(lambda: "depth" in plant.health()["problem"])


def test_a_store_inside_an_inbox_is_refused(plant: Plant) -> None:
    done = plant.call("run", "--once", str(plant.root))
    assert done.returncode == 3
    assert "lies in the inbox" in done.stderr
