"""Filesystems that tell no events, cannot be written, vanish, or are full."""

from __future__ import annotations

from pathlib import Path

from tests.daemon.mounts import fill, mounted, unmount
from tests.daemon.plant import Plant, manifest, scanned_again, scheduled, triggers, until


def check_polled(plant: Plant, below: Path, kind: str) -> None:
    """Files that come to the inbox, and to the folder below it whose changes cause no event, are deployed."""
    plant.start()
    (below / "below.json").write_text(manifest("below"))
    (plant.inbox / "a.json").write_text(manifest("a"))
    assert plant.settled("a.json")["outcome"] == "created"
    assert plant.settled("below.json")["outcome"] == "created"
    assert (plant.health()["backend"], kind in plant.health()["backend_reason"]) == ("polling", True)
    plant.kill_all()


def test_an_overlay_is_polled(plant: Plant) -> None:
    lower, upper, work, merged = (plant.root / name for name in ("lower", "upper", "work", "merged"))
    for folder in (lower, upper, work):
        folder.mkdir()
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    with mounted(merged, "-t", "overlay", "overlay", "-o", options):
        plant.inbox = merged
        check_polled(plant, lower, "overlay")


def test_a_fuse_filesystem_is_polled(plant: Plant) -> None:
    below = plant.root / "below"
    below.mkdir()
    with mounted(plant.inbox, below, program="bindfs"):
        check_polled(plant, below, "FUSE")


def test_a_tmpfs_tells_of_changes(plant: Plant) -> None:
    with mounted(plant.inbox, "-t", "tmpfs", "tmpfs"):
        plant.start("--rescan", "3600")
        (plant.inbox / "a.json").write_text(manifest("a"))
        assert plant.settled("a.json")["outcome"] == "created"
        assert plant.health()["backend"] == "inotify"
        plant.kill_all()


def test_a_read_only_inbox_works(plant: Plant) -> None:
    plant.drop("a.json", manifest("a"))
    readonly = plant.root / "readonly"
    with mounted(readonly, "-o", "bind,ro", plant.inbox):
        plant.start(inbox=readonly)
        until(lambda: plant.deploys() == ["a@v1"])
        until(lambda: "receipts cannot be written" in plant.health()["problem"])
        (plant.inbox / "b.json").write_text(manifest("b"))
        until(lambda: plant.deploys() == ["a@v1", "b@v1"])
        plant.kill_all()


def test_a_mount_that_vanishes_deletes_nothing_and_is_known_when_it_comes_back(plant: Plant) -> None:
    share = plant.root / "share"
    share.mkdir()
    with mounted(plant.inbox, "--bind", share):
        plant.start("--prune")
        (plant.inbox / "a.json").write_text(scheduled("a"))
        plant.settled("a.json")
        unmount(plant.inbox)
        until(lambda: plant.health()["known"] == 0, "the files are gone")
        plant.drop("bare.json", manifest("bare"))
        plant.settled("bare.json")
        scanned_again(plant, times=3)
        assert triggers(plant) == ["a"]
    with mounted(plant.inbox, "--bind", share):
        until(lambda: plant.health()["known"] == 1 and plant.health()["counts"]["unchanged"] == 1, "back and known")
        (plant.inbox / "b.json").write_text(manifest("b"))
        plant.settled("b.json")
        assert plant.deploys() == ["a@v1", "bare@v1", "b@v1"]
        plant.kill_all()


def test_a_full_disk_of_the_store_is_waited_out(tmp_path: Path) -> None:
    small = tmp_path / "small"
    with mounted(small, "-t", "tmpfs", "-o", "size=16m", "tmpfs"):
        plant = Plant(tmp_path, store=small / "store")
        daemon = plant.start()
        plant.drop("before.json", manifest("before"))
        plant.settled("before.json")
        filler = fill(small)
        plant.drop("a.json", manifest("a"))
        until(lambda: "waiting error=" in plant.log.read_text(), "the fault told")
        assert plant.receipt("a.json") is None
        filler.unlink()
        assert plant.settled("a.json")["outcome"] == "created"
        until(lambda: "No space left" in plant.health()["last_error"], "the fault shown")
        assert plant.stop(daemon) == 0
        assert plant.deploys() == ["before@v1", "a@v1"]
        plant.store.close()


def test_a_full_disk_of_the_inbox_is_waited_out(plant: Plant) -> None:
    with mounted(plant.inbox, "-t", "tmpfs", "-o", "size=1m", "tmpfs"):
        (plant.inbox / "a.json").write_text(manifest("a"))
        (plant.inbox / "b.json").write_text("{")
        filler = fill(plant.inbox)
        plant.start()
        until(lambda: "cannot write receipts" in plant.health()["last_error"], "the fault shown")
        assert plant.deploys() == ["a@v1"]
        filler.unlink()
        assert plant.settled("a.json")["outcome"] == "created"
        assert plant.settled("b.json")["outcome"] == "rejected"
        assert plant.deploys() == ["a@v1"]
        plant.kill_all()


def test_a_filesystem_that_is_mounted_below_the_inbox_is_watched(plant: Plant) -> None:
    team = plant.inbox / "team"
    team.mkdir()
    plant.start()
    with mounted(team, "-t", "tmpfs", "tmpfs"):
        (team / "a.json").write_text(manifest("a"))
        (team / "b.json").write_text("{")
        assert plant.settled("team/a.json")["outcome"] == "created"
        assert plant.settled("team/b.json")["outcome"] == "rejected"
        assert (team / "b.json.error.txt").exists()
        plant.kill_all()
