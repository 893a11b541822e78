"""Dropping and dropping again without end: nothing is lost or deployed twice, memory and descriptors stay flat.

The long form drops 1,000,000 files: new content, the same content again, content that was there before, broken files,
and every tenth round a folder that comes and goes. What the journal must say is known of every single drop, and is
compared while it runs.
"""

from __future__ import annotations

import random
import shutil
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from taskstore.journal.changes import SourceChange, TaskChange
from taskstore.journal.entry import Head
from taskstore_specs.digest import Digest
from tests.daemon.plant import Plant, manifest, until

GENERATIONS = 10
"""How many contents a version has, one after the other, before the next version."""

IN_FLIGHT = 2
"""Rounds that are under way at once, each with names of its own."""

FOLDER = "round-"
"""How a folder is called that comes and goes with its round."""

REST_SECONDS = 0.1
RESTS = 4
"""So often, and so far apart, it is looked whether a daemon with nothing to do has given up what it needs no more."""

FLAT_BYTES = 20_000_000
PEAK_BYTES = 400_000_000
"""DuckDB keeps what it has read of the index while it has work, up to its limit of 256 MB."""


class Drop(NamedTuple):
    """A file to be dropped; `deploys` when its content is to be recorded, `changes` when a version gets it anew."""

    text: str
    deploys: bool
    changes: bool


class Author:
    """Decides what is dropped next, and knows what must come of it."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._generation: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._live: dict[str, int] = {}
        self.broken: set[str] = set()

    def drop(self, name: str) -> Drop:
        """New content mostly; else the same again, the content before, or a file that nobody can read."""
        before = self._last.get(name)
        kind = self._chance.choices(("new", "same", "back", "broken"), (60, 20, 18, 2))[0] if before else "new"
        if kind == "broken":
            self.broken.add(name)
            return Drop(manifest(name)[: self._chance.randrange(1, 40)], deploys=False, changes=False)
        self.broken.discard(name)
        if kind == "new":
            self._generation[name] = self._generation.get(name, 0) + 1
        latest = self._generation[name]
        wanted = {"new": latest, "same": before or latest, "back": max(1, latest - 1)}[kind]
        return self._valid(name, wanted)

    def _valid(self, name: str, wanted: int) -> Drop:
        task, version = name.replace("/", "-").removesuffix(".json"), f"v{wanted // GENERATIONS}"
        deploys, changes = self._last.get(name) != wanted, self._live.get(f"{name}@{version}") != wanted
        self._last[name] = self._live[f"{name}@{version}"] = wanted
        return Drop(manifest(task, version, image=f"image-{wanted}"), deploys, deploys and changes)

    def forget(self, name: str) -> None:
        """The file is removed and never comes again."""
        version = f"v{self._last.pop(name) // GENERATIONS}"
        del self._live[f"{name}@{version}"], self._generation[name]


class Ledger:
    """Compares the journal with what is owed, each record once."""

    def __init__(self, plant: Plant) -> None:
        self._journal = plant.store.journal
        self._head: Head = plant.store.journal.head()
        self._owed: dict[str, Digest] = {}
        self.entries = self.deploys = self.changes_owed = 0

    def owe(self, key: str, drop: Drop) -> None:
        if drop.deploys:
            assert key not in self._owed
            self._owed[key] = Digest.of(drop.text.encode())
            self.changes_owed += drop.changes

    def owes(self, keys: set[str]) -> bool:
        """Whether the journal lacks any of these. Fails when it says what nobody dropped, or says a thing twice."""
        for entry, digest in self._journal.entries(self._head):
            self._head = Head(entry.sequence, digest, entry.committed_at)
            self.entries += 1
            for change in entry.changes:
                if isinstance(change, SourceChange):
                    assert self._owed.pop(change.path, None) == change.digest, f"{change} was not dropped, or twice"
                elif isinstance(change, TaskChange):
                    self.deploys += 1
        return not keys.isdisjoint(self._owed)

    def __str__(self) -> str:
        return f"{self.deploys:,} versions deployed, {self.entries:,} entries"


class Use(NamedTuple):
    """What a process holds: bytes of memory, the most of them that it ever held, descriptors, processes of its own."""

    memory: int
    peak: int
    descriptors: int
    children: int

    @classmethod
    def of(cls, pid: int) -> Use:
        """What the process `pid` holds now."""
        process = Path(f"/proc/{pid}")
        told = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines())
        memory, peak = (int(told[name].removesuffix(" kB")) * 1024 for name in ("VmRSS", "VmHWM"))
        children = (process / "task" / str(pid) / "children").read_text().split()
        return cls(memory, peak, len(list((process / "fd").iterdir())), len(children))

    def __str__(self) -> str:
        memory = f"{self.memory / 1e6:.0f} MB at rest, {self.peak / 1e6:.0f} at most"
        return f"{memory}, {self.descriptors} descriptors, {self.children} children"


def at_rest(pid: int) -> Use:
    """The least of several looks: a daemon that has nothing to do gives up the index, and returns what is free."""
    looks = []
    for _ in range(RESTS):
        time.sleep(REST_SECONDS)
        looks.append(Use.of(pid))
    return min(looks)


def put(plant: Plant, name: str, text: str, *, in_place: bool) -> None:
    """Write the file where it belongs, or beside the inbox and rename it."""
    target = plant.inbox / name
    if not target.parent.is_dir():
        target.parent.mkdir()
    beside = target if in_place else plant.root / "beside.json"
    beside.write_text(text)
    beside.rename(target)


def names(number: int, size: int) -> list[str]:
    """The files of a round. Rounds that are under way at once have different ones."""
    place = f"{FOLDER}{number}/" if number % 10 == 5 else f"{number % IN_FLIGHT}-"
    return [f"{place}{name}.json" for name in range(size)]


def soak(plant: Plant, count: int, size: int, pause: int, report: Callable[[int, Ledger], None]) -> Author:
    """Drop `size` files `count` times. Every `pause` rounds the daemon comes to rest, and `report` gets the number of
    drops so far."""
    author, ledger = Author(20260101), Ledger(plant)
    under_way: deque[list[str]] = deque()
    for number in range(1, count + 1):
        under_way.append(names(number, size))
        for name in under_way[-1]:
            drop = author.drop(name)
            ledger.owe(f"{plant.inbox}/{name}", drop)
            put(plant, name, drop.text, in_place=name.endswith("7.json"))
        while len(under_way) > (0 if number % pause == 0 else IN_FLIGHT - 1):
            leave(plant, author, ledger, under_way.popleft())
        if number % pause == 0:
            report(number * size, ledger)
    assert ledger.deploys == ledger.changes_owed
    return author


def leave(plant: Plant, author: Author, ledger: Ledger, done: Sequence[str]) -> None:
    """Wait for a round, and take its folder away again if it has one."""
    keys = {f"{plant.inbox}/{name}" for name in done}
    until(lambda: not ledger.owes(keys), "a round deployed")
    if done[0].startswith(FOLDER):
        shutil.rmtree(plant.inbox / done[0].partition("/")[0])
        for name in done:
            author.forget(name)


def check_receipts(plant: Plant, author: Author) -> None:
    """Every file that is there has a receipt that tells of what it holds, and only what is broken has a note."""
    for path in plant.inbox.glob("*.json"):
        assert (plant.settled(path.name)["outcome"] == "rejected") == (path.name in author.broken)
    notes = {path.name.removesuffix(".error.txt") for path in plant.inbox.glob("*.error.txt")}
    assert notes == author.broken


def test_memory_and_descriptors_stay_flat(plant: Plant, thorough: bool, capsys: pytest.CaptureFixture[str]) -> None:
    if not Path("/proc/self/statm").exists():
        pytest.skip("optional: this system does not tell the memory of a process")
    count, size, pause = (1_000, 1_000, 20) if thorough else (12, 100, 4)
    daemon = plant.start()
    started = time.monotonic()
    uses: list[Use] = []

    def report(drops: int, ledger: Ledger) -> None:
        uses.append(at_rest(daemon.pid))
        if thorough:
            with capsys.disabled():
                print(f"\n{drops:>9,} drops in {time.monotonic() - started:6,.0f} s: {ledger}, {uses[-1]}", end="")

    check_receipts(plant, soak(plant, count, size, pause, report))
    warm, late = uses[: max(1, len(uses) // 5)], uses[-max(1, len(uses) // 5) :]
    assert max(use.memory for use in late) < max(use.memory for use in warm) + FLAT_BYTES
    assert uses[-1].peak < PEAK_BYTES
    assert max(use.descriptors for use in late) <= max(use.descriptors for use in warm) + 2
    assert max(use.children for use in late) <= max(use.children for use in warm)
