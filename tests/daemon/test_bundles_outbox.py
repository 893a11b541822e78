"""The way back: a receipt in the outbox, with which the other side makes exactly what is lacking here."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taskstore.bundle import decode_receipt, make_bundle
from taskstore.bundle.limits import RECEIPT_BYTES
from tests.bundle_stores import EVERYTHING, content_of, quiet
from tests.daemon.air_gap import Upstream, carry, note_of, outcome
from tests.daemon.plant import AS_ANYBODY, Plant, manifest, until


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Upstream]:
    """A store on the other side."""
    upstream = Upstream(tmp_path / "upstream")
    yield upstream
    upstream.store.close()


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    """A folder that the daemon is to make."""
    return tmp_path / "outbox"


def receipt_for(outbox: Path, upstream: Upstream, plant: Plant) -> Path:
    return outbox / f"to-{upstream.id}-from-{plant.store.config.store_id}.receipt"


def create(upstream: Upstream, name: str, *options: str) -> dict[str, Any]:
    """What `taskstore bundle create` on the other side says."""
    command = [sys.executable, "-m", "taskstore.cli.main", "bundle", "create", str(upstream.folder / name), *options]
    done = subprocess.run([*command, "--store", str(upstream.store.root), "--json"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_receipt_makes_the_next_bundle(plant: Plant, upstream: Upstream, outbox: Path) -> None:
    upstream.deploy("a")
    plant.start("--outbox", str(outbox))
    carry(plant, *upstream.pack("1.tar"))
    outcome(plant, "1.tar", "applied")
    [place] = outbox.iterdir()
    assert place == receipt_for(outbox, upstream, plant)
    data = place.read_bytes()
    assert len(data) < RECEIPT_BYTES
    upstream.deploy("b")
    made = create(upstream, "2.tar", "--receipt", str(place))
    assert (made["since"], made["entries"]) == (2, 1)
    carry(plant, upstream.folder / "2.tar")
    outcome(plant, "2.tar", "applied")
    assert content_of(plant.store) == content_of(upstream.store)
    known = decode_receipt(place.read_bytes()).of(upstream.id, "")
    assert known is not None
    assert known.sequence == upstream.store.journal.head().sequence


def test_a_refused_gap_leaves_the_receipt_to_ask_with(plant: Plant, upstream: Upstream, outbox: Path) -> None:
    upstream.deploy("a")
    carry(plant, *upstream.pack("1.tar"))
    assert plant.call("run", "--once", "--outbox", str(outbox), str(plant.inbox)).returncode == 0
    place = receipt_for(outbox, upstream, plant)
    place.unlink()
    upstream.deploy("b", "c")
    plant.start("--outbox", str(outbox))
    until(place.exists, "the receipt comes back with what is known already")
    place.unlink()
    carry(plant, *upstream.pack("3.tar", since=3))
    assert outcome(plant, "3.tar", "rejected")["error"]["since"] == 2
    assert str(place) in note_of(plant, "3.tar").read_text()
    assert place.exists()


def test_a_store_that_is_not_followed_is_told_nothing(plant: Plant, upstream: Upstream, outbox: Path) -> None:
    upstream.deploy("a", "b")
    carry(plant, *upstream.pack("3.tar", since=2))
    plant.drop("x.tar", b"no bundle")
    assert plant.call("run", "--once", "--outbox", str(outbox), str(plant.inbox)).returncode == 3
    assert list(outbox.iterdir()) == []


def test_an_outbox_where_files_are_watched_is_refused(plant: Plant) -> None:
    for place in (plant.inbox / "outbox", plant.inbox, plant.root, plant.store.root / "outbox"):
        done = plant.call("run", "--once", "--outbox", str(place), str(plant.inbox))
        assert (done.returncode, "overlap" in done.stderr) == (3, True)
    assert list(plant.inbox.iterdir()) == []


def test_what_a_killed_daemon_left_in_the_outbox_is_cleared_away(plant: Plant, outbox: Path) -> None:
    outbox.mkdir()
    (outbox / f"123-{'0f' * 8}.tmp").write_text("half")
    (outbox / "mine.txt").write_text("keep")
    assert plant.call("run", "--once", "--outbox", str(outbox), str(plant.inbox)).returncode == 0
    assert [path.name for path in outbox.iterdir()] == ["mine.txt"]


def test_an_outbox_that_is_gone_holds_nothing_up_for_good(plant: Plant, upstream: Upstream, outbox: Path) -> None:
    upstream.deploy("a")
    plant.start("--outbox", str(outbox))
    outbox.rmdir()
    outbox.write_text("in the way")
    carry(plant, *upstream.pack("1.tar"))
    until(lambda: "outbox" in plant.health().get("problem", ""), "the problem is told")
    plant.drop("b.json", manifest("b"))
    assert plant.settled("b.json")["outcome"] == "created"
    outbox.unlink()
    outbox.mkdir()
    outcome(plant, "1.tar", "applied")
    until(receipt_for(outbox, upstream, plant).exists)
    until(lambda: not plant.health()["problem"])


def test_two_stores_and_a_gap_with_a_daemon_at_both_ends(tmp_path: Path) -> None:
    """Both have work of their own; each sends what the other's receipt says that it lacks, until nothing is new."""
    ends = [Plant(tmp_path / name) for name in ("one", "two")]
    try:
        for number, end in enumerate(ends):
            end.start("--outbox", str(end.root / "outbox"))
            for task in range(3):
                end.drop(f"{task}.json", manifest(f"t{number}{task}"))
            until(lambda end=end: len(end.deploys()) == 3)
        for turn in range(3):
            for here, there in (ends, ends[::-1]):
                _send(here, there, f"{here.root.name}-{turn}.tar")
            if turn < 2:
                ends[turn].drop(f"turn{turn}.json", manifest(f"turn{turn}"))
                ends[turn].settled(f"turn{turn}.json")
        assert content_of(ends[0].store) == content_of(ends[1].store)
        assert len(content_of(ends[0].store)) == 8
    finally:
        for end in ends:
            end.kill_all()
            end.store.close()


def _send(here: Plant, there: Plant, name: str) -> None:
    """Carry a bundle over the gap: made with the receipt that came back, if one did."""
    back = there.root / "outbox" / f"to-{here.store.config.store_id}-from-{there.store.config.store_id}.receipt"
    made = make_bundle(
        here.store,
        here.root / name,
        since=None,
        receipt=decode_receipt(back.read_bytes()) if back.exists() else None,
        selection=EVERYTHING,
        most=None,
        key=None,
        progress=quiet,
    )
    carry(there, *made.files)
    outcome(there, name, "applied", "unchanged")


def test_an_outbox_that_nobody_may_write_to_goes_without(plant: Plant, upstream: Upstream, outbox: Path) -> None:
    upstream.deploy("a")
    outbox.mkdir(mode=0o500)
    plant.start("--outbox", str(outbox), wrapper=AS_ANYBODY)
    carry(plant, *upstream.pack("1.tar"))
    outcome(plant, "1.tar", "applied")
    until(lambda: "outbox" in plant.health()["problem"])
    shutil.rmtree(outbox)
