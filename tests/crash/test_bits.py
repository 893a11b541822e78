"""Every bit: each bit of a small store's files flipped, each file cut at every length. Always found, never served.

The index holds no fact, so what counts there is that it answers as before: healed, or never touched by the damage.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskstore import Format, Source, Store
from taskstore.check import Fsck, Phase
from taskstore.errors import TaskstoreError

SAMPLE = 200
"""How many changes of the small files the short form tries."""
INDEX_SAMPLE = {False: 12, True: 2_000}
ASKER = """
import logging, sys
from taskstore import Store
from taskstore.check import Fsck
with Store.open(sys.argv[1]) as store:
    query = "SELECT name, version, digest, total_triggers FROM tasks ORDER BY ALL"
    print(store.index.ask(lambda connection: connection.execute(query).fetchall()))
    problems = Fsck(store).run().problems
    assert not problems, problems
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a task and a trigger in three entries."""
    root = tmp_path_factory.mktemp("small") / "store"
    with Store.init(root, projects=["p"]) as store:
        for version in ("v1", "v2"):
            request = {
                "taskId": {"project": "p", "domain": "d", "name": "t", "version": version},
                "spec": {"taskTemplate": {"container": {"image": version}}},
                "triggers": [{"name": "x", "automationSpec": {"schedule": {"cron": {"expression": "@daily"}}}}],
            }
            store.deploy([Source("m.json", json.dumps(request).encode(), Format.JSON)])
    return root


def damages(data: bytes) -> Iterator[bytes]:
    """The data with each bit flipped, then cut at each length."""
    for place in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        yield bytes(flipped)
    for length in range(len(data)):
        yield data[:length]


def find_damage(root: Path) -> bool:
    """Whether fsck finds damage, or the store does not even open."""
    try:
        with Store.open(root) as store:
            return any(Fsck(store).examine(Phase.JOURNAL, Phase.BLOBS))
    except TaskstoreError:
        return True


def is_served(root: Path) -> bool:
    """Whether all of the journal and of the blobs can be read as if nothing had happened."""
    try:
        with Store.open(root) as store:
            for _ in store.journal.entries():
                pass
            for digest in store.blobs:
                store.blobs.get(digest)
    except TaskstoreError:
        return False
    return True


def test_each_flipped_bit_and_each_cut_of_a_file_is_found_and_never_served(
    small: Path, tmp_path: Path, thorough: bool
) -> None:
    root = Path(shutil.copytree(small, tmp_path / "store"))
    files = [root / "taskstore.json", *root.glob("journal/*/*"), *root.glob("objects/*/*")]
    cases = [
        (path, changed)
        for path in files
        for changed in damages(path.read_bytes())
        if changed != path.read_bytes().removesuffix(b"\n")  # that of taskstore.json says nothing
    ]
    assert len(cases) > 10_000
    assert not find_damage(root)
    assert is_served(root)
    for path in files:
        path.chmod(0o644)
    whole = {path: path.read_bytes() for path in files}
    for path, changed in cases if thorough else random.Random(4).sample(cases, SAMPLE):
        path.write_bytes(changed)
        assert find_damage(root), (path, changed)
        assert not is_served(root), (path, changed)
        path.write_bytes(whole[path])
    print(f"{len(cases)} damages, all found")


def ask(root: Path) -> subprocess.CompletedProcess[str]:
    """What a process of its own, which DuckDB may kill, finds in the index; then it holds it against the journal."""
    return subprocess.run([sys.executable, "-c", ASKER, root], capture_output=True, text=True, check=False, timeout=120)


def test_whatever_becomes_of_the_index_it_answers_as_before(small: Path, tmp_path: Path, thorough: bool) -> None:
    root = Path(shutil.copytree(small, tmp_path / "store"))
    index, choice = root / "index.duckdb", random.Random(4)
    whole = index.read_bytes()
    expected, crashes = ask(root), 0
    assert expected.returncode == 0, expected.stderr
    for case in range(INDEX_SAMPLE[thorough]):
        index.write_bytes(damaged_index(whole, case, choice))
        answer = ask(root)
        if answer.returncode < 0:
            crashes += 1
            answer = ask(root)
        assert (answer.returncode, answer.stdout) == (0, expected.stdout), (case, answer.stderr)
    print(f"{INDEX_SAMPLE[thorough]} damages of the index, {crashes} of which killed the process, all healed")


def damaged_index(whole: bytes, case: int, choice: random.Random) -> bytes:
    """Turn by turn: a bit flipped in the headers, a bit anywhere, a cut, a block of zeros."""
    changed = bytearray(whole)
    match case % 4:
        case 0:
            changed[choice.randrange(3 * 4096)] ^= 1 << choice.randrange(8)
        case 1:
            changed[choice.randrange(len(whole))] ^= 1 << choice.randrange(8)
        case 2:
            del changed[choice.randrange(len(whole)) :]
        case 3:
            start = choice.randrange(len(whole))
            changed[start : start + 4096] = bytes(len(changed[start : start + 4096]))
    return bytes(changed)
