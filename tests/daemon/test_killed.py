"""Killed at any moment and started again, the daemon comes to where it would have come without.

Files arrive while daemons start, work and are killed. After each kill, what the receipts say must be in the journal.
In the end everything must be as in a store whose daemon was left alone, a version that was deployed by other ways in
between included. The same checks are shown to fail on daemons that are broken on purpose (`defective.py`).
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from taskstore.journal.changes import SourceChange, TaskChange
from taskstore.store.source import Source
from taskstore_specs import Format
from tests.daemon.defective import DEFECTS
from tests.daemon.plant import Plant, manifest, until


def files(count: int) -> dict[str, str]:
    """What arrives: of twenty files one of two documents, one that nobody can read, one in a sub-folder."""
    texts: dict[str, str] = {}
    for number in range(count):
        text = manifest(f"t{number}", image=f"image-{number}")
        if number % 20 == 3:
            texts[f"{number}.yaml"] = f"{text}\n---\n{manifest(f't{number}', 'v2')}\n"
        else:
            place = "sub/" if number % 20 == 11 else ""
            texts[f"{place}{number}.json"] = text[:30] if number % 20 == 7 else text
    return texts


def recorded(plant: Plant, kind: type[Any]) -> list[Any]:
    """What the journal says of one kind, in order."""
    return [
        change for entry, _ in plant.store.journal.entries() for change in entry.changes if isinstance(change, kind)
    ]


def taken(plant: Plant) -> Counter[tuple[str, str]]:
    """How often the journal says that a file was taken with a content."""
    prefix = f"{plant.inbox}/"
    return Counter((change.path.removeprefix(prefix), str(change.digest)) for change in recorded(plant, SourceChange))


def receipts(plant: Plant) -> dict[str, dict[str, Any]]:
    """All receipts. Fails of one that is not whole."""
    told = (json.loads(path.read_bytes()) for path in (plant.inbox / "receipts").rglob("*.json"))
    return {receipt["path"]: receipt for receipt in told}


def state(plant: Plant) -> dict[str, Any]:
    """Everything that must not depend on kills: who was deployed with what and how often, and what people are told."""
    return {
        "deploys": Counter((str(change.task_id), str(change.digest)) for change in recorded(plant, TaskChange)),
        "latest": {str(change.task_id): (change.revision, change.digest) for change in recorded(plant, TaskChange)},
        "taken": taken(plant),
        "receipts": {path: (told["content"], told["outcome"] == "rejected") for path, told in receipts(plant).items()},
        "notes": sorted(str(path.relative_to(plant.inbox)) for path in plant.inbox.rglob("*.error.txt")),
    }


class Kills:
    """Daemons that are killed at random moments. Counts what they were doing: files not yet taken, receipts not yet
    written."""

    def __init__(self, plant: Plant, seed: int) -> None:
        self._plant = plant
        self._chance = random.Random(seed)
        self._usual = 0.0
        self._dropped: dict[str, None] = {}
        self.kills = self.in_work = self.untold = 0

    def __str__(self) -> str:
        return f"{self.kills} kills, {self.in_work} with files left to take, {self.untold} with receipts left to write"

    def warm_up(self, texts: dict[str, str], names: Sequence[str]) -> None:
        """Learn how long a daemon takes from its start until it has dealt with these files; it ends by itself."""
        self._drop(texts, names)
        started = time.monotonic()
        daemon = self._plant.launch()
        until(lambda: len(receipts(self._plant)) == len(names), "all receipts")
        self._usual = time.monotonic() - started
        self._plant.stop(daemon)

    def kill_one(self, texts: dict[str, str], names: Sequence[str]) -> str:
        """Drop half of these files, start a daemon, drop the others, kill it; what is wrong, empty if nothing."""
        half = len(names) // 2
        moment = self._usual * self._chance.triangular(0.2, 1.3, 0.9)
        self._drop(texts, names[:half])
        daemon = self._plant.launch()
        time.sleep(moment / 2)
        self._drop(texts, names[half:])
        time.sleep(moment / 2)
        daemon.kill()
        daemon.wait()
        self._plant.running.remove(daemon)
        return self._examine()

    def _drop(self, texts: dict[str, str], names: Sequence[str]) -> None:
        for name in names:
            self._plant.drop(name, texts[name])
            self._dropped[name] = None

    def _examine(self) -> str:
        known, told = taken(self._plant), receipts(self._plant)
        accepted = {(path, receipt["content"]) for path, receipt in told.items() if receipt["outcome"] != "rejected"}
        self.kills += 1
        self.in_work += len(told) < len(self._dropped)
        self.untold += not known.keys() <= accepted
        if early := accepted - known.keys():
            return f"receipts of what is not in the journal: {early}"
        return f"taken twice: {known.most_common(1)}" if max(known.values(), default=0) > 1 else ""


class Others:
    """Somebody who deploys other content to versions that files spoke of, which no daemon may undo."""

    def __init__(self, plant: Plant, numbers: Iterable[int]) -> None:
        self._plant = plant
        self._left = list(numbers)

    def deploy(self) -> None:
        """Deploy to those whose files were taken."""
        known = {path for path, _ in taken(self._plant)}
        ready = [number for number in self._left if f"{number}.json" in known]
        texts = [manifest(f"t{number}", image="by other ways").encode() for number in ready]
        self._plant.store.deploy([Source("elsewhere", text, Format.JSON) for text in texts])
        self._left = [number for number in self._left if number not in ready]


def take_all(plant: Plant, texts: dict[str, str], kills: int) -> tuple[Kills, str]:
    """Let daemons take these files and be killed; what was counted, and what was wrong, empty if nothing."""
    names = list(texts)
    share = len(names) // (kills + 1)
    others, killing = Others(plant, range(0, len(names), 20)), Kills(plant, 20260101)
    killing.warm_up(texts, names[:share])
    for number in range(1, kills + 1):
        arriving = names[number * share : (number + 1) * share if number < kills else None]
        wrong = killing.kill_one(texts, arriving)
        if wrong:
            return killing, wrong
        others.deploy()
    plant.call("run", "--once", str(plant.inbox))
    others.deploy()
    return killing, differences(plant, texts)


def differences(plant: Plant, texts: dict[str, str]) -> str:
    """How the end differs from that of a daemon that was left alone; empty if it does not."""
    alone = Plant(plant.root / "alone")
    for name, text in texts.items():
        alone.drop(name, text)
    alone.call("run", "--once", str(alone.inbox))
    Others(alone, range(0, len(texts), 20)).deploy()
    mine, theirs = state(plant), state(alone)
    alone.store.close()
    return "; ".join(f"{what}: {mine[what]} for {theirs[what]}"[:1000] for what in mine if mine[what] != theirs[what])


def test_kills_lose_nothing_and_deploy_nothing_twice(
    plant: Plant, thorough: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    count, kills = (5_000, 200) if thorough else (120, 3)
    killing, wrong = take_all(plant, files(count), kills)
    if thorough:
        with capsys.disabled():
            print(f"\n{count} files, {killing}", end="")
    assert not wrong


@pytest.mark.long
@pytest.mark.parametrize("defect", DEFECTS)
def test_the_kills_find_what_is_broken_on_purpose(
    plant: Plant, defect: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plant.defect = defect
    killing, wrong = take_all(plant, files(1_000), 40)
    with capsys.disabled():
        print(f"\n{defect}: {killing}: {wrong[:300]}", end="")
    assert wrong
