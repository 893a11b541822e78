"""Whole programs killed and failed at every system call that changes something: a deploy, a batch, a rebuild, a gc, the
daemon's ingest, a repair, an operator's pause, a bundle taken in.

Afterwards the store opens, fsck finds nothing, the index needed no rebuild, what was acknowledged is there with its
blobs, every file is there whole or not at all, and doing it again works. The same checks are shown to fail on code that
is broken on purpose.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from taskstore import Store
from taskstore.check import Fsck
from taskstore.errors import TaskstoreError
from taskstore_specs.identity import TaskId
from tests.bundle_stores import send
from tests.crash.workers import programs

WORKER = Path(programs.__file__)
REFUSED = (1, programs.REFUSED, programs.UNNOTED)
"""How a worker ends with a typed error: the daemon within it, itself; or when the fault met its notes."""
Place = tuple[str, int]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a batch deployed and something for gc to collect."""
    root = tmp_path_factory.mktemp("template") / "store"
    with Store.init(root, projects=["p"]) as store:
        programs.deploy(store, root.parent / "notes", programs.batch("v1"))
        for number in range(3):
            store.blobs.put(b"nobody names this %d" % number)
            (root / "tmp" / f"999999{number}-00.tmp").write_bytes(b"left behind")
    return root


class Trial:
    """A copy of the template, what a worker is to do with it, and what is found afterwards."""

    def __init__(self, folder: Path, template: Path, what: str, defect: str = "") -> None:
        folder.mkdir(parents=True)
        self.root, self.notes, self.what, self.defect = folder / "store", folder / "notes.txt", what, defect
        shutil.copytree(template, self.root)
        self._lines = 0
        if what == "repair":
            shutil.copytree(template, folder / "notes.donor")
            damage(self.root)
        if what == "ingest":
            (folder / "notes.inbox").mkdir()
            for source in programs.batch("v2"):
                (folder / "notes.inbox" / source.path).write_bytes(source.data)
        if what == "apply":
            make_bundle(folder)

    @property
    def command(self) -> list[str]:
        """How the worker is started."""
        return [sys.executable, *map(str, (WORKER, self.root, self.notes, self.what, self.defect))]

    def acknowledged(self) -> dict[str, str]:
        """The tasks that were acknowledged and their digests, by notes and by receipts."""
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        found = dict(line.split(" ") for line in lines)
        for receipt in (self.notes.with_suffix(".inbox") / "receipts").glob("*.json"):
            results = json.loads(receipt.read_text())["documents"]
            found |= {result["task"]: result["digest"] for result in results if result["task"]}
        return found

    def fault(self) -> str | None:
        """What is wrong: damage, an acknowledgement without its task, a file that is there in part; None if nothing."""
        try:
            with Store.open(self.root) as store:
                problems = Fsck(store).run().problems
                if problems:
                    return f"fsck: {problems[0].message}"
                return self._lost(store) or self._torn(store)
        except TaskstoreError as error:
            return str(error)

    def _lost(self, store: Store) -> str | None:
        for task, digest in self.acknowledged().items():
            try:
                recorded = store.show_task(TaskId.parse(task)).task.digest
                store.get_spec(recorded)
            except TaskstoreError as error:
                return f"acknowledged and lost: {task}: {error}"
            if digest not in (str(recorded), "-"):
                return f"acknowledged and lost: {task} is {recorded}, not {digest}"
        return None

    def _torn(self, store: Store) -> str | None:
        names = {name for name, version in versions(store) if version == "v2"}
        files = {name.rpartition("-")[0] for name in names}
        for file in files:
            wanted = {"env.file2": 3, "env.new": 2}.get(file, 1)
            if sum(name.rpartition("-")[0] == file for name in names) != wanted:
                return f"{file} is there in part"
        first = {f"env.{Path(source.path).stem}" for source in programs.batch("v2")[: len(files)]}
        if self.what == "apply" and files != first:
            return f"{sorted(files)} are there, and were never so where the bundle was made"
        return None

    def done_again(self) -> None:
        """Do it again, undisturbed; then it must be done, and nothing left to be cleaned up by hand."""
        subprocess.run(self.command, env=environment(), check=True, capture_output=True, timeout=60)
        assert self.fault() is None
        with Store.open(self.root) as store:
            found = {version for _, version in versions(store)}
            assert found == ({"v1", "v2"} if self.what in ("deploy", "batch", "ingest", "apply") else {"v1"})


def versions(store: Store) -> set[tuple[str, str]]:
    """The names and versions of all tasks in a store."""
    with store.index.read() as connection:
        return set(connection.execute("SELECT name, version FROM task_versions").fetchall())


def make_bundle(folder: Path) -> None:
    """A bundle of a store in which each file of a batch was deployed on its own."""
    with Store.init(folder / "upstream", projects=["p"]) as upstream:
        for source in programs.batch("v2"):
            programs.deploy(upstream, folder / "upstream.txt", [source])
        send(upstream, folder / "notes.bundle")


def damage(root: Path) -> None:
    """Flip a bit of an entry and of a blob, and lose another blob."""
    entry, (blob, other) = next(root.glob("journal/*/*1.json")), sorted(root.glob("objects/*/*"))[:2]
    for path in (entry, blob):
        path.chmod(0o644)
        path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
    other.unlink()


def environment() -> dict[str, str]:
    """That of a worker: it imports this checkout and leaves no caches."""
    roots = os.pathsep.join(str(Path(__file__).parents[2] / part) for part in (".", "daemon", "specs"))
    return {**os.environ, "PYTHONPATH": roots, "PYTHONDONTWRITEBYTECODE": "1"}


def sampled(places: Sequence[Place], thorough: bool, most: int) -> list[Place]:
    """All places, or a few of different calls, the same each time."""
    if thorough:
        return list(places)
    shuffled = random.Random(4).sample(list(places), len(places))
    firsts = list({name: (name, number) for name, number in shuffled}.values())
    return (firsts + [place for place in shuffled if place not in firsts])[:most]


@pytest.fixture(scope="module")
def counted() -> dict[tuple[str, str], list[Place]]:
    """The places that were counted, by what is done and the defect."""
    return {}


class Sweep:
    """Makes trials: a fresh store for each place where a program can be struck."""

    def __init__(self, faults: Any, folder: Path, template: Path, counted: dict[tuple[str, str], list[Place]]) -> None:
        self._faults, self._folder, self._template, self._counted = faults, folder, template, counted

    def places(self, what: str, defect: str = "") -> list[Place]:
        """Where the program can be struck, in the order of its calls."""
        if (what, defect) not in self._counted:
            trial = Trial(self._folder / "counted", self._template, what, defect)
            self._counted[what, defect] = self._faults.count(trial.command, trial.notes)
            assert defect or trial.fault() is None
        places = self._counted[what, defect]
        assert len(places) > 3
        print(f"{what}: {len(places)} calls")
        return places

    def trial(self, place: Place, what: str, defect: str = "", fault: str = "signal=KILL") -> tuple[Trial, Any]:
        """Strike the program at `place`: the trial, and how the program ended."""
        trial = Trial(self._folder / f"{place[0]}-{place[1]}-{fault}", self._template, what, defect)
        return trial, self._faults.run(trial.command, place, fault)


@pytest.fixture
def sweep(faults: Any, tmp_path: Path, template: Path, counted: dict[tuple[str, str], list[Place]]) -> Sweep:
    """For the tests of this module."""
    return Sweep(faults, tmp_path, template, counted)


@pytest.mark.parametrize("what", programs.WORK)
def test_a_program_killed_at_any_call_loses_nothing(
    sweep: Sweep, thorough: bool, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    places = sampled(sweep.places(what), thorough, 2)
    killed = 0
    for place in places:
        trial, ended = sweep.trial(place, what)
        killed += ended.returncode != 0
        if what != "repair":
            assert trial.fault() is None, place
            assert not caplog.messages, place
        trial.done_again()
    print(f"{what}: killed at {killed} of {len(places)} calls")
    # DuckDB's threads take turns, so a few calls that were counted do not come about again.
    assert len(places) - killed <= max(1, len(places) // 5)


@pytest.mark.parametrize("what", programs.WORK)
def test_a_call_that_fails_is_a_typed_error_and_the_next_try_works(
    sweep: Sweep, faults: Any, thorough: bool, what: str
) -> None:
    places = sampled(sweep.places(what), thorough, 1)
    refused = 0
    for place in places:
        for error in ("EIO", "ENOSPC"):
            trial, ended = sweep.trial(place, what, fault=f"error={error}")
            if faults.strayed:
                continue
            assert ended.returncode in (0, *REFUSED), (place, error, ended.stderr)
            assert "Traceback" not in ended.stderr, (place, error, ended.stderr)
            assert "fault of taskstore" not in ended.stderr, (place, error, ended.stderr)
            assert what == "repair" or trial.fault() is None, (place, error)
            refused += ended.returncode != 0
            trial.done_again()
    print(f"{what}: refused {refused} of {2 * len(places)} failing calls, the others were survived")


@pytest.mark.parametrize("defect", ["early-note", "early-index", "late-blobs"])
def test_the_kills_find_a_wrong_order(sweep: Sweep, defect: str, caplog: pytest.LogCaptureFixture) -> None:
    places = sweep.places("deploy", defect)
    commit = next(number for number, (name, _) in enumerate(places) if name.startswith("link"))
    for number in sorted(range(len(places)), key=lambda number: abs(number - commit)):
        trial, _ = sweep.trial(places[number], "deploy", defect)
        if trial.fault() is not None or caplog.messages:
            return
    pytest.fail(f"{defect} went unseen")
