"""A bundle dropped into the inbox is taken in once it is complete, and the folder tells what became of it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bundle_stores import content_of, take, triggers, versions
from tests.daemon.air_gap import Upstream, carry, note_of, outcome
from tests.daemon.plant import AS_ANYBODY, Plant, manifest, until


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Upstream]:
    """A store on the other side."""
    upstream = Upstream(tmp_path / "upstream")
    yield upstream
    upstream.store.close()


def test_a_bundle_is_taken_in(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a", "b")
    daemon = plant.start("--log", "json")
    carry(plant, *upstream.pack("monday.tar"))
    receipt = outcome(plant, "monday.tar", "applied")
    assert content_of(plant.store) == content_of(upstream.store)
    assert (receipt["format"], receipt["path"], receipt["files"]) == (1, "monday.tar", ["monday.tar"])
    assert (receipt["size"], receipt["error"]) == ((plant.inbox / "monday.tar").stat().st_size, None)
    bundle = receipt["bundle"]
    assert (bundle["store_id"], bundle["since"], bundle["until"], bundle["scope"]) == (upstream.id, 0, 3, "")
    assert bundle["made"] == {"projects": 1, "versions_created": 2, "versions_updated": 0, "triggers": 0}
    assert (bundle["taken"], bundle["known"], bundle["sequences"]) == (3, 0, [plant.sequence()])
    assert receipt["sequence"] == plant.sequence()
    assert plant.stop(daemon) == 0
    told = [json.loads(line) for line in plant.log.read_text().splitlines()]
    assert [line["event"] for line in told] == ["watching", "taking in", "applied"]


def test_a_bundle_without_a_daemon_that_stays(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a")
    carry(plant, *upstream.pack("monday.tar"))
    plant.drop("b.json", manifest("b"))
    done = plant.call("run", "--once", str(plant.inbox))
    assert done.returncode == 0, done.stderr
    assert outcome(plant, "monday.tar", "applied")["bundle"]["until"] == 2
    assert set(plant.deploys()) == {"a@v1", "b@v1"}


def test_an_update_is_told_from_what_is_new(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a")
    plant.start()
    carry(plant, *upstream.pack("1.tar"))
    outcome(plant, "1.tar", "applied")
    upstream.deploy("a", content="changed")
    upstream.deploy("b")
    carry(plant, *upstream.pack("2.tar", since=2))
    made = outcome(plant, "2.tar", "applied")["bundle"]["made"]
    assert (made["versions_created"], made["versions_updated"]) == (1, 1)


def test_parts_come_in_any_order_over_a_long_time(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a", content="x" * 200_000)
    first, second, third, *rest = upstream.pack("big.tar", most=65_536)
    plant.start()
    carry(plant, third)
    receipt = outcome(plant, "big.tar", "waiting")
    assert receipt["missing"] == [n for n in range(1, 4 + len(rest)) if n != 3]
    assert (receipt["sequence"], receipt["bundle"], receipt["content"]) == (None, None, None)
    carry(plant, first, *rest)
    until(lambda: plant.receipt("big.tar")["missing"] == [2])  # type: ignore[index]
    assert "part 2 of" in plant.receipt("big.tar")["why"]  # type: ignore[index]
    assert not note_of(plant, "big.tar").exists()
    assert plant.deploys() == []
    until(lambda: [waiting["path"] for waiting in plant.health()["waiting_files"]] == ["big.tar"], "the bundle waits")
    carry(plant, second)
    outcome(plant, "big.tar", "applied")
    assert content_of(plant.store) == content_of(upstream.store)
    assert not list(plant.inbox.glob("*.error.txt"))


def test_incomplete_parts_are_no_success_of_a_single_run(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a", content="x" * 100_000)
    carry(plant, *upstream.pack("big.tar", most=65_536)[:1])
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 3
    assert outcome(plant, "big.tar", "waiting")["missing"] == [2]


def test_a_damaged_part_is_told_of_before_the_others_come(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a", content="x" * 200_000)
    files = upstream.pack("big.tar", most=65_536)
    plant.start()
    broken = bytearray(files[0].read_bytes())
    broken[5_000] ^= 1
    plant.drop("big.tar.part0001", bytes(broken))
    assert outcome(plant, "big.tar", "rejected")["error"]["code"] == "bundle_damaged"
    assert "part 1 of" in note_of(plant, "big.tar").read_text()
    carry(plant, *files[1:])
    time.sleep(0.5)
    outcome(plant, "big.tar", "rejected")
    carry(plant, files[0])
    outcome(plant, "big.tar", "applied")
    assert not note_of(plant, "big.tar").exists()


def test_parts_of_two_bundles_under_one_name_wait_for_the_right_ones(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a", content="x" * 100_000)
    old = upstream.pack("big.tar", most=65_536)
    carry(plant, *old)
    for file in old:
        file.unlink()
    upstream.deploy("b", content="y" * 10_000)
    new = upstream.pack("big.tar", most=65_536)
    carry(plant, new[0])
    plant.start()
    assert "is not of the bundle" in outcome(plant, "big.tar", "waiting")["why"]
    carry(plant, *new[1:])
    outcome(plant, "big.tar", "applied")
    assert content_of(plant.store) == content_of(upstream.store)


def test_parts_beside_the_whole_do_not_count_until_it_goes(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a", content="x" * 100_000)
    carry(plant, *upstream.pack("b.tar", most=65_536)[1:])
    carry(plant, *upstream.pack("b.tar"))
    plant.start()
    assert outcome(plant, "b.tar", "applied")["files"] == ["b.tar"]
    (plant.inbox / "b.tar").unlink()
    assert outcome(plant, "b.tar", "waiting")["missing"] == [1]


def test_a_bundle_is_not_taken_in_while_it_is_written(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a", content="x" * 10_000)
    (file,) = upstream.pack("slow.tar")
    plant.start()
    data = file.read_bytes()
    with (plant.inbox / "slow.tar").open("wb") as slow:
        for start in range(0, len(data), 4_000):
            slow.write(data[start : start + 4_000])
            slow.flush()
            os.fsync(slow.fileno())
            time.sleep(0.3)
            assert plant.receipt("slow.tar") is None
    outcome(plant, "slow.tar", "applied")
    assert not note_of(plant, "slow.tar").exists()


def test_a_gap_names_the_entry_to_ask_for_and_closes_by_itself(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a")
    (first,) = upstream.pack("first.tar")
    upstream.deploy("b")
    (second,) = upstream.pack("second.tar", since=2)
    plant.start()
    carry(plant, second)
    receipt = outcome(plant, "second.tar", "rejected")
    assert (receipt["error"]["code"], receipt["error"]["since"]) == ("bundle_gap", 0)
    assert "--since 0" in note_of(plant, "second.tar").read_text()
    assert plant.deploys() == []
    carry(plant, first)
    outcome(plant, "second.tar", "applied")
    assert not note_of(plant, "second.tar").exists()
    assert content_of(plant.store) == content_of(upstream.store)


def test_bundles_in_the_wrong_order_are_all_taken_in_by_a_single_run(plant: Plant, upstream: Upstream) -> None:
    for number, name in enumerate(("c.tar", "b.tar", "a.tar"), 1):
        upstream.deploy(f"t{number}")
        carry(plant, *upstream.pack(name, since=number if number > 1 else None))
    done = plant.call("run", "--once", str(plant.inbox))
    assert done.returncode == 0, done.stderr
    assert content_of(plant.store) == content_of(upstream.store)


def test_a_contradiction_is_tabled_and_goes_once_it_is_decided(plant: Plant, upstream: Upstream) -> None:
    plant.store.create_project("p")
    upstream.deploy("a", content="theirs")
    other = Upstream(plant.root / "other")
    other.deploy("a", content="ours")
    take(plant.store, *other.pack("other.tar"))
    (file,) = upstream.pack("theirs.tar")
    plant.start()
    carry(plant, file)
    receipt = outcome(plant, "theirs.tar", "rejected")
    [conflict] = receipt["error"]["conflicts"]
    assert (receipt["error"]["code"], conflict["kind"], conflict["name"]) == (
        "bundle_conflict",
        "task",
        "p/development/a@v1",
    )
    assert "p/development/a@v1" in note_of(plant, "theirs.tar").read_text()
    assert [named["path"] for named in until(lambda: plant.health()["refused"])] == ["theirs.tar"]
    from taskstore.bundle import OnConflict

    take(plant.store, file, on_conflict=OnConflict.OURS)
    assert outcome(plant, "theirs.tar", "unchanged")["bundle"]["taken"] == 0
    assert not note_of(plant, "theirs.tar").exists()


def test_an_altered_bundle_is_refused_and_taken_in_once_it_is_copied_again(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a", content="x" * 5_000)
    (file,) = upstream.pack("a.tar")
    altered = bytearray(file.read_bytes())
    altered[len(altered) // 2] ^= 1
    plant.start()
    plant.drop("a.tar", bytes(altered))
    assert outcome(plant, "a.tar", "rejected")["error"]["code"] == "bundle_damaged"
    assert "damaged" in note_of(plant, "a.tar").read_text()
    assert plant.sequence() == 1
    carry(plant, file)
    outcome(plant, "a.tar", "applied")
    assert not note_of(plant, "a.tar").exists()


def test_what_is_no_bundle_is_refused_and_holds_nothing_up(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a")
    plant.drop("0.tar", b"not a tar at all")
    plant.drop("1.tar", b"")
    plant.drop("2.tar.part0001", b"no part either")
    carry(plant, *upstream.pack("3.tar"))
    plant.drop("b.json", manifest("b"))
    done = plant.call("run", "--once", str(plant.inbox))
    assert done.returncode == 3
    assert set(plant.deploys()) == {"a@v1", "b@v1"}
    assert sorted(path.name for path in plant.inbox.glob("*.error.txt")) == [
        "0.tar.error.txt",
        "1.tar.error.txt",
        "2.tar.error.txt",
    ]


def test_a_store_refuses_its_own_bundle(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a")
    upstream.store.close()
    done = plant.call("run", "--once", "--store", str(upstream.store.root), str(plant.inbox))
    assert done.returncode == 0
    carry(plant, *upstream.pack("own.tar"))
    assert plant.call("run", "--once", "--store", str(upstream.store.root), str(plant.inbox)).returncode == 3
    assert "this very store" in note_of(plant, "own.tar").read_text()


def test_the_same_bundle_again_adds_nothing(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a")
    (file,) = upstream.pack("a.tar")
    daemon = plant.start()
    carry(plant, file)
    first = outcome(plant, "a.tar", "applied")
    sequence = plant.sequence()
    os.utime(plant.inbox / "a.tar")
    plant.drop("a.tar", file.read_bytes())
    plant.drop("copy.tar", file.read_bytes())
    receipt = outcome(plant, "copy.tar", "unchanged")
    assert (receipt["bundle"]["taken"], receipt["bundle"]["known"], receipt["sequence"]) == (0, 2, None)
    assert plant.stop(daemon) == 0
    plant.start()
    until(lambda: plant.health()["counts"]["unchanged"] == 2, "looked at after the restart")
    assert plant.receipt("a.tar") == first
    assert plant.sequence() == sequence


def test_receipts_that_were_deleted_come_back_and_nothing_is_taken_twice(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a")
    carry(plant, *upstream.pack("a.tar"))
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0
    sequence = plant.sequence()
    (plant.inbox / "receipts" / "a.tar.json").unlink()
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0
    assert outcome(plant, "a.tar", "unchanged")["bundle"]["taken"] == 0
    assert plant.sequence() == sequence


def test_what_was_told_goes_with_the_bundle(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a", content="x" * 100_000)
    files = upstream.pack("big.tar", most=65_536)
    plant.start()
    carry(plant, *files)
    outcome(plant, "big.tar", "applied")
    (plant.inbox / files[0].name).unlink()
    time.sleep(0.7)
    assert plant.receipt("big.tar")["outcome"] == "applied"  # type: ignore[index]
    for file in files[1:]:
        (plant.inbox / file.name).unlink()
    until(lambda: plant.receipt("big.tar") is None)
    assert plant.deploys() == ["a@v1"]


def test_bundles_in_sub_folders_and_behind_links_inside(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a")
    (file,) = upstream.pack("a.tar")
    plant.drop("sub/folder/a.tar", file.read_bytes())
    (plant.inbox / "link.tar").symlink_to("sub/folder/a.tar")
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0
    assert {plant.receipt("sub/folder/a.tar")["outcome"], plant.receipt("link.tar")["outcome"]} == {  # type: ignore[index]
        "applied",
        "unchanged",
    }


def test_a_link_that_leaves_the_inbox_is_not_followed(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a")
    (file,) = upstream.pack("a.tar")
    (plant.inbox / "a.tar").symlink_to(file)
    (plant.inbox / "b.tar.part0001").symlink_to(file)
    plant.start()
    until(lambda: plant.health()["ignored"] == 2)
    assert plant.deploys() == []
    assert plant.receipt("a.tar") is None


def test_a_fifo_is_no_bundle(plant: Plant) -> None:
    os.mkfifo(plant.inbox / "a.tar")
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0


def test_a_name_that_is_no_unicode(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a")
    (file,) = upstream.pack("a.tar")
    (plant.inbox / os.fsdecode(b"\xff.tar")).write_bytes(file.read_bytes())
    (plant.inbox / os.fsdecode(b"\xfe.tar")).write_bytes(b"no bundle")
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 3
    assert plant.deploys() == ["a@v1"]
    told = {json.loads(path.read_text())["path"] for path in (plant.inbox / "receipts").iterdir()}
    assert told == {"\\xff.tar", "\\xfe.tar"}


def test_a_bundle_that_nobody_may_read_is_refused(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a")
    carry(plant, *upstream.pack("a.tar"))
    (plant.inbox / "a.tar").chmod(0)
    plant.start(wrapper=AS_ANYBODY)
    until(note_of(plant, "a.tar").exists)
    assert "cannot be read" in note_of(plant, "a.tar").read_text()


def test_an_empty_store_becomes_a_copy(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a", "b")
    from tests.bundle_stores import deploy

    deploy(upstream.store, "c", "v1", "c", "nightly")
    plant.start()
    carry(plant, *upstream.pack("all.tar"))
    outcome(plant, "all.tar", "applied")
    assert versions(plant.store) == versions(upstream.store)
    assert triggers(plant.store) == triggers(upstream.store)


def test_without_receipts_a_bundle_is_taken_in_once_all_the_same(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a")
    carry(plant, *upstream.pack("a.tar"))
    for _ in range(2):
        assert plant.call("run", "--once", "--receipts", "none", str(plant.inbox)).returncode == 0
    assert plant.deploys() == ["a@v1"]
    assert [path.name for path in plant.inbox.iterdir()] == ["a.tar"]


def test_a_bundle_can_be_dropped_and_waited_for(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a", content="x" * 100_000)
    parts = upstream.pack("a.tar", most=65_536)
    (plant.root / "b.json").write_text(manifest("b"))
    plant.start()

    def drop(*files: Path) -> tuple[int, list[dict[str, Any]]]:
        done = plant.call("drop", "--wait", "--json", *map(str, files), str(plant.inbox))
        return done.returncode, json.loads(done.stdout)["receipts"]

    code, [receipt] = drop(parts[1])
    assert (code, receipt["outcome"], receipt["missing"]) == (3, "waiting", [1])
    code, receipts = drop(*parts, plant.root / "b.json")
    assert (code, [receipt["outcome"] for receipt in receipts]) == (0, ["applied", "created"])
    code, [receipt] = drop(*parts)
    assert (code, receipt["outcome"]) == (0, "applied")
    upstream.deploy("c")
    upstream.deploy("d")
    gap = upstream.pack("gap.tar", since=3)
    for _ in range(2):
        code, [receipt] = drop(*gap)
        assert (code, receipt["error"]["code"]) == (3, "bundle_gap")
    assert sorted(path.name for path in plant.inbox.iterdir() if path.name.startswith(".")) == []


def test_dropping_a_damaged_bundle_is_refused_before_it_is_copied(plant: Plant, upstream: Upstream) -> None:
    (plant.root / "a.tar").write_bytes(b"no bundle")
    done = plant.call("drop", str(plant.root / "a.tar"), str(plant.inbox))
    assert (done.returncode, "damaged" in done.stderr) == (3, True)
    assert list(plant.inbox.iterdir()) == []


def test_where_events_do_not_come_parts_are_found_by_looking(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a", content="x" * 100_000)
    plant.start("--poll", "0.2")
    for part in upstream.pack("a.tar", most=65_536):
        carry(plant, part)
    outcome(plant, "a.tar", "applied")
    assert plant.deploys() == ["a@v1"]


def test_more_parts_than_files_may_be_open_are_refused_in_words(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy(*(f"t{number}" for number in range(5)), content="x" * 1_000_000)
    upstream.deploy("a", content="y" * 1_500_000)
    parts = upstream.pack("many.tar", most=65_536)
    carry(plant, *parts)
    few = ["sh", "-c", f'ulimit -n {90 + len(parts)}; exec "$@"', "sh"]
    done = subprocess.run(
        [*few, *plant.command("run", "--once", str(plant.inbox))],
        env=plant.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "ulimit" in note_of(plant, "many.tar").read_text()
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0


def test_a_bundle_is_no_manifest_that_keeps_a_folder_from_being_empty(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a")
    carry(plant, *upstream.pack("a.tar"))
    project = {"project": "plant", "domain": "production", "name": "t", "version": "v1"}
    cron = {"schedule": {"cron": {"expression": "0 2 * * *"}}}
    trigger = {"name": "nightly", "spec": {"active": True}, "automation_spec": cron}
    document = {"task_id": project, "spec": {"task_template": {"type": "python"}}, "triggers": [trigger]}
    plant.start("--prune")
    file = plant.drop("t.json", json.dumps(document))
    assert plant.settled("t.json")["outcome"] == "created"
    outcome(plant, "a.tar", "applied")
    file.unlink()
    until(lambda: plant.receipt("t.json") is None)
    time.sleep(1.5)
    assert [trigger.name for trigger in plant.store.list_triggers().triggers] == ["nightly"]


def test_several_inboxes_take_turns(plant: Plant, upstream: Upstream) -> None:
    other = plant.root / "second"
    other.mkdir()
    upstream.deploy("a")
    (file,) = upstream.pack("a.tar")
    carry(plant, file)
    (other / "a.tar").write_bytes(file.read_bytes())
    plant.start(str(other))
    outcome(plant, "a.tar", "applied")
    until((other / "receipts" / "a.tar.json").exists)
    assert json.loads((other / "receipts" / "a.tar.json").read_text())["outcome"] == "unchanged"
    assert plant.deploys() == ["a@v1"]


def test_no_process_is_started_for_a_file_that_a_pausing_writer_holds_open(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a")
    (file,) = upstream.pack("a.tar")
    plant.start()
    with (plant.inbox / "a.tar").open("wb") as slow:
        slow.write(file.read_bytes())
        slow.flush()
        until(lambda: plant.health()["waiting_files"])
        time.sleep(2.0)
    outcome(plant, "a.tar", "applied")
    assert plant.log.read_text().count("taking in") == 1


def test_status_and_metrics_count_bundles(plant: Plant, upstream: Upstream) -> None:
    file = plant.root / "taskstored.prom"
    plant.start("--metrics", str(file))
    upstream.deploy("a", content="x" * 100_000)
    carry(plant, *upstream.pack("a.tar"), upstream.pack("b.tar", most=65_536)[0])

    def is_told() -> bool:
        [inbox] = json.loads(plant.call("status", "--json").stdout)["inboxes"]
        waiting = [(named["path"], named["why"]) for named in inbox["waiting_files"]]
        counted = (inbox["known"], inbox["counts"]["applied"], inbox["applying"])
        return waiting == [("b.tar", "part 2 of 2 is missing")] and counted == (2, 1, "")

    def is_measured() -> bool:
        text = file.read_text()
        inbox = f'{{inbox="{plant.inbox}"}}'
        wanted = ('outcome="applied"} 1', f"taskstored_waiting_files{inbox} 1", f"taskstored_applying{inbox} 0")
        return all(line in text for line in wanted)

    until(is_told, "the status")
    until(is_measured, "the metrics")


def test_parts_that_were_taken_in_are_not_read_again(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a", content="x" * 200_000)
    files = upstream.pack("a.tar", most=65_536)
    carry(plant, *files)
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0
    first = outcome(plant, "a.tar", "applied")
    damaged = plant.inbox / files[1].name
    data = bytearray(damaged.read_bytes())
    data[-5_000] ^= 1
    damaged.write_bytes(data)
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0
    assert plant.receipt("a.tar") == first


def test_a_name_too_long_for_a_signature_beside_it(plant: Plant, upstream: Upstream) -> None:
    upstream.deploy("a")
    (file,) = upstream.pack("a.tar")
    (plant.inbox / ("n" * 251 + ".tar")).write_bytes(file.read_bytes())
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0
    assert plant.deploys() == ["a@v1"]
