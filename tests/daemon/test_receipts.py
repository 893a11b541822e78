"""People who can only see the folder learn from the folder what became of their file."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from tests.daemon.plant import Plant, manifest, until

BROKEN = "task_id: {project: plant, domain: production, name: a, version: v1}\nspec: {taskTemplate: {}}\nspek: {}\n"


def test_a_refused_manifest_gets_a_note_in_plain_words(plant: Plant) -> None:
    plant.start()
    plant.drop("sub/a.yaml", BROKEN)
    receipt = plant.settled("sub/a.yaml")
    problem = receipt["documents"][0]["error"]["problems"][0]
    assert (receipt["outcome"], receipt["sequence"]) == ("rejected", None)
    assert (problem["line"], problem["path"]) == (3, "spek")
    note = (plant.inbox / "sub" / "a.yaml.error.txt").read_text()
    assert "a.yaml" in note
    assert "spek" in note
    assert ":3:" in note


def test_the_note_goes_when_the_manifest_is_mended(plant: Plant) -> None:
    plant.start()
    plant.drop("a.json", "{")
    until((plant.inbox / "a.json.error.txt").exists)
    plant.drop("a.json", manifest("a"))
    assert plant.settled("a.json")["outcome"] == "created"
    assert not (plant.inbox / "a.json.error.txt").exists()


def test_the_note_goes_with_the_manifest(plant: Plant) -> None:
    plant.start()
    path = plant.drop("a.json", "{")
    note = plant.inbox / "a.json.error.txt"
    until(note.exists)
    path.unlink()
    until(lambda: not note.exists())
    assert plant.receipt("a.json") is None


def test_a_refused_file_does_not_hold_up_others(plant: Plant) -> None:
    for number in range(20):
        plant.drop(f"{number}.json", manifest(f"t{number}") if number % 2 else "{")
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 3
    assert len(plant.deploys()) == 10
    assert len(list(plant.inbox.glob("*.error.txt"))) == 10
    assert plant.sequence() == 2  # all of them in one entry, after that of the project


def test_receipts_can_go_elsewhere(plant: Plant) -> None:
    plant.drop("sub/a.json", manifest("a"))
    plant.drop("b.json", "{")
    elsewhere = plant.root / "told"
    assert plant.call("run", "--once", "--receipts", str(elsewhere), str(plant.inbox)).returncode == 3
    told = sorted(str(path.relative_to(elsewhere)) for path in elsewhere.rglob("*") if path.is_file())
    assert told == ["b.json.error.txt", "b.json.json", "sub/a.json.json"]
    assert sorted(path.name for path in plant.inbox.iterdir()) == ["b.json", "sub"]


def test_receipts_can_be_left_out(plant: Plant) -> None:
    plant.drop("b.json", "{")
    assert plant.call("run", "--once", "--receipts", "none", str(plant.inbox)).returncode == 3
    assert [path.name for path in plant.inbox.iterdir()] == ["b.json"]


def test_receipts_among_manifests_are_refused(plant: Plant) -> None:
    done = plant.call("run", "--once", "--receipts", str(plant.inbox / "told"), str(plant.inbox))
    assert done.returncode == 3
    assert not (plant.inbox / "told").exists()


def test_what_a_killed_daemon_left_half_written_is_cleared_away(plant: Plant) -> None:
    name = f"123-{'0f' * 8}.tmp"
    receipt, note, dropping = (plant.inbox / place / name for place in ("receipts/sub", "sub", "."))
    for left in (receipt, note, dropping):
        left.parent.mkdir(parents=True, exist_ok=True)
        left.write_text("{")
    os.utime(note, (0, 0))
    plant.drop("a.json", manifest("a"))
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0
    # What was written just now beside manifests may be somebody's who is dropping a file.
    assert (receipt.exists(), note.exists(), dropping.exists()) == (False, False, True)


def test_no_empty_folder_is_left_of_the_receipts_of_a_removed_folder(plant: Plant) -> None:
    plant.start()
    plant.drop("one/two/a.json", manifest("a"))
    plant.drop("one/b.json", "{")
    plant.settled("one/two/a.json")
    plant.settled("one/b.json")
    shutil.rmtree(plant.inbox / "one" / "two")
    until(lambda: not (plant.inbox / "receipts" / "one" / "two").exists(), "an empty folder removed")
    assert plant.receipt("one/b.json") is not None
    (plant.inbox / "one").rename(plant.root / "one")  # at once: the daemon removes its note there meanwhile
    until(lambda: list((plant.inbox / "receipts").iterdir()) == [], "all of them removed")
    assert [path.name for path in plant.inbox.iterdir()] == ["receipts"]


def test_receipts_never_wake_the_watcher(plant: Plant) -> None:
    if not Path("/proc/self/fdinfo").exists():
        pytest.skip("optional: this system does not tell what a process watches")
    daemon = plant.start("--rescan", "3600")
    plant.drop("a.json", manifest("a"))
    plant.drop("sub/b.json", "{")
    plant.settled("a.json")
    plant.settled("sub/b.json")
    assert watched(daemon.pid) == {path.stat().st_ino for path in (plant.inbox, plant.inbox / "sub")}
    plant.drop("c.json", manifest("c"))
    plant.settled("c.json")
    until(lambda: sum(plant.health()["counts"].values()) == 3, "three files")
    assert plant.deploys() == ["a@v1", "c@v1"]


def watched(pid: int) -> set[int]:
    """The inodes of the folders that a process watches, as the kernel tells them."""
    inodes: set[int] = set()
    for descriptor in Path(f"/proc/{pid}/fdinfo").iterdir():
        with suppress(FileNotFoundError):
            found = re.findall(r"^inotify wd:\w+ ino:(\w+)", descriptor.read_text(), re.MULTILINE)
            inodes |= {int(inode, 16) for inode in found}
    return inodes


def test_a_long_name_has_a_receipt_too(plant: Plant) -> None:
    name = "n" * 250 + ".json"
    plant.drop(name, manifest("a"))
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0
    (receipt,) = (plant.inbox / "receipts").iterdir()
    assert len(receipt.name) <= 255
