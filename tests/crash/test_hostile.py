"""A store among others: many processes at once, a full disk, read-only media, planted links, a strict umask."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from taskstore import Store
from taskstore.check import Fsck, Kind, gc
from taskstore.errors import ReadOnlyError, StorageError, TaskstoreError
from tests.crash.workers import programs

PROCESSES, DEPLOYS = 4, 5
WRITER = """
import sys
from pathlib import Path
from taskstore import Store
from tests.crash.workers import programs
root, notes, me, deploys = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
with Store.open(root) as store:
    for turn in range(deploys):
        programs.deploy(store, notes, [programs.manifest(f"of{me}", f"v{turn}")])
"""
READER = """
import sys
from taskstore import Store
seen = 0
with Store.open(sys.argv[1]) as store:
    while seen < int(sys.argv[2]):
        query = "SELECT count(*) FROM task_versions"
        found = store.index.ask(lambda connection: connection.execute(query).fetchall())[0][0]
        assert found >= seen, (found, seen)
        seen = found
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with a batch deployed."""
    with Store.init(tmp_path / "store", projects=["p"]) as made:
        programs.deploy(made, tmp_path / "notes", programs.batch("v1"))
    return tmp_path / "store"


def deploy(root: Path, version: str = "v2") -> None:
    """Deploy a batch as a process of its own would. Raises TaskstoreError."""
    with Store.open(root) as store:
        programs.deploy(store, root.parent / "notes", programs.batch(version))


def is_whole(root: Path) -> bool:
    """Whether fsck finds nothing."""
    with Store.open(root) as store:
        return Fsck(store).run().problems == ()


def test_any_number_of_processes_deploy_and_read_at_once(tmp_path: Path, thorough: bool) -> None:
    processes, deploys = (12, 50) if thorough else (PROCESSES, DEPLOYS)
    root, notes = tmp_path / "store", tmp_path / "notes"
    Store.init(root, projects=["p"]).close()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    writers = [[WRITER, root, notes, number, deploys] for number in range(processes)]
    readers = [[READER, root, processes * deploys]] * 2
    running = [
        subprocess.Popen([sys.executable, "-c", *map(str, arguments)], env=environment)
        for arguments in (*readers, *writers)
    ]
    assert [process.wait(300) for process in running] == [0] * len(running)
    assert len(notes.read_text().splitlines()) == processes * deploys
    with Store.open(root) as store:
        assert store.journal.head().sequence == processes * deploys + 1
    assert is_whole(root)


def test_the_lock_of_a_killed_writer_dies_with_it(store: Path) -> None:
    holder = "import sys; from taskstore import Store; s = Store.open(sys.argv[1]); w = s.index.write(); w.__enter__()"
    waiting = f"{holder}; print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", waiting, store],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        process.kill()
    deploy(store)
    assert is_whole(store)


def fill(ballast: Path) -> None:
    """Write until the disk is full."""
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass
        os.fsync(file.fileno())


def test_on_a_full_disk_deploys_are_refused_reads_work_and_gc_makes_room(powered_disk: Any, tmp_path: Path) -> None:
    root = powered_disk.root / "store"
    with Store.init(root, projects=["p"]) as store:
        programs.deploy(store, tmp_path / "notes", programs.batch("v1"))
        for number in range(40):
            store.blobs.put(bytes([number]) * 200_000)
        fill(powered_disk.root / "ballast")
        before = store.journal.head()
        for _ in range(3):
            with pytest.raises(StorageError) as raised:
                programs.deploy(store, tmp_path / "notes", [programs.manifest("new", "v2", 200)])
            assert raised.value.errno == errno.ENOSPC
        assert store.journal.head() == before
        assert store.status().versions == 9
        store.close()
        assert gc(store, grace=-1.0).removed >= 40
        programs.deploy(store, tmp_path / "notes", [programs.manifest("new", "v2", 200)])
        assert store.status().versions == 209
        assert Fsck(store).run().problems == ()
        store.close()


def test_a_store_on_read_only_media_is_read_and_checked_and_says_why_it_is_not_written(powered_disk: Any) -> None:
    root = powered_disk.root / "store"
    with Store.init(root, projects=["p"]) as store:
        programs.deploy(store, Path(os.devnull), programs.batch("v1"))
        store.blobs.put(b"for gc")
    powered_disk.power_off()
    powered_disk.power_on("ro")
    with Store.open(root) as store:
        assert Fsck(store).run().problems == ()
        assert store.status().versions == 9
        for change in (lambda: store.deploy(programs.batch("v2")), store.rebuild, lambda: gc(store, grace=-1.0)):
            with pytest.raises(ReadOnlyError):
                change()


@pytest.mark.parametrize(
    "planted",
    ["locks/index.lock", "locks/gate.lock", "locks/opening.lock", "tmp", "objects", "journal/00000000", "index.duckdb"],
)
def test_a_planted_link_is_not_followed_and_is_told_of(store: Path, tmp_path: Path, planted: str) -> None:
    outside, place = tmp_path / "outside", store / planted
    if planted == "index.duckdb":
        place.unlink()
    if place.is_dir():
        shutil.rmtree(outside, ignore_errors=True)
        place.rename(outside)
    else:
        place.unlink(missing_ok=True)
        outside.write_bytes(b"precious")
    before = snapshot(outside)
    place.symlink_to(outside)
    with contextlib.suppress(TaskstoreError):
        deploy(store)
    assert snapshot(outside) == before
    if place.is_symlink():
        with contextlib.suppress(TaskstoreError), Store.open(store) as opened:
            assert Kind.FOREIGN_FILE in {problem.kind for problem in Fsck(opened, quick=True).run().problems}


def snapshot(path: Path) -> dict[str, bytes]:
    """All files at and below a path, and what is in them."""
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    return {str(file): file.read_bytes() if file.is_file() else b"" for file in files}


def test_folders_that_were_lost_because_they_were_empty_come_back(tmp_path: Path) -> None:
    Store.init(tmp_path / "store", projects=["p"]).close()
    for folder in ("tmp", "locks", "objects"):
        shutil.rmtree(tmp_path / "store" / folder)
    (tmp_path / "store" / "index.duckdb").unlink()
    deploy(tmp_path / "store")
    assert is_whole(tmp_path / "store")


@pytest.mark.parametrize("umask", [0o077, 0o027, 0o002])
def test_modes_follow_the_umask_and_are_never_widened(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with Store.init(tmp_path / "store", projects=["p"]) as store:
            programs.deploy(store, tmp_path / "notes", programs.batch("v1"))
            store.rebuild()
            assert Fsck(store).run(budget=60.0).problems == ()
    finally:
        os.umask(before)
    found = [tmp_path / "store", *(tmp_path / "store").rglob("*")]
    assert len(found) > 20
    for path in found:
        assert stat.S_IMODE(path.stat().st_mode) & umask == 0, path
        if path.parent.parent.name in ("objects", "journal"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o444 & ~umask, path
