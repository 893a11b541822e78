"""Many threads and processes at one index."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from taskstore.disk import locks
from taskstore.errors import BusyError
from taskstore.index import Index
from taskstore.index.lease import LEASE
from taskstore.journal import Entry, FileJournal
from taskstore.journal.changes import SourceChange
from taskstore_specs.digest import Digest

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("journal", "tmp", "locks"):
        (tmp_path / folder).mkdir()
    return tmp_path


@pytest.fixture
def open_index(root: Path) -> Iterator[Callable[[], Index]]:
    """Opens the index as another process would, without anything shared."""
    opened = []

    def make() -> Index:
        opened.append(Index(root / "index.duckdb", root / "locks", FileJournal(root, "store")))
        return opened[-1]

    yield make
    for index in opened:
        index.close()


def commit(index: Index, root: Path, path: str) -> None:
    """Append an entry and apply it."""
    with index.write() as writer:
        at = START + timedelta(seconds=writer.head.sequence)
        change = SourceChange(path=path, digest=Digest.of(path.encode()))
        entry = Entry(writer.head.sequence + 1, writer.head.digest, at, "me", (change,))
        head = FileJournal(root, "store").append(entry)
        writer.apply([(entry, head.digest)])


def count(index: Index) -> int:
    with index.read() as connection:
        [[found]] = connection.execute("SELECT count(DISTINCT path) FROM sources").fetchall()
    return int(found)


def test_an_empty_store_has_an_empty_index(open_index: Callable[[], Index]) -> None:
    index = open_index()
    assert count(index) == 0
    with index.write() as writer:
        assert writer.head.sequence == 0


def test_what_one_writes_the_next_one_reads(open_index: Callable[[], Index], root: Path) -> None:
    one, other = open_index(), open_index()
    for number in range(5):
        commit((one, other)[number % 2], root, str(number))
        assert count(one) == count(other) == number + 1


def test_operations_of_one_thread_nest(open_index: Callable[[], Index], root: Path) -> None:
    index = open_index()
    with index.write() as writer, index.read() as inner:
        assert inner is writer.connection
    index.close()
    with index.read() as outer, index.read() as inner:
        assert inner is outer
    with index.read(), pytest.raises(RuntimeError), index.write():
        pass
    commit(index, root, "x")
    assert count(index) == 1


def test_a_burst_uses_one_connection(open_index: Callable[[], Index]) -> None:
    index = open_index()
    with index.read() as first:
        pass
    with index.read() as second:
        assert second is first


def test_two_of_one_process_read_at_once(open_index: Callable[[], Index], root: Path) -> None:
    one, other = open_index(), open_index()
    commit(one, root, "x")
    one.release()
    with one.read(), other.read() as connection:
        assert connection.execute("SELECT count(*) FROM sources").fetchall() == [(1,)]


def test_who_releases_the_index_holds_no_file(open_index: Callable[[], Index], root: Path) -> None:
    index = open_index()
    commit(index, root, "x")
    index.release()
    with duckdb.connect(str(root / "index.duckdb")) as other:
        assert other.execute("SELECT count(*) FROM sources").fetchall() == [(1,)]
    assert count(index) == 1


def test_another_connection_of_the_process_is_waited_for_by_nobody_and_damages_nothing(
    open_index: Callable[[], Index], root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    index = open_index()
    commit(index, root, "x")
    index.release()
    with duckdb.connect(str(root / "index.duckdb")), pytest.raises(BusyError, match="of this process"):
        count(index)
    assert count(index) == 1
    assert not caplog.messages


def test_a_link_on_the_way_to_the_index_may_change(tmp_path: Path) -> None:
    for name in ("one", "two"):
        for folder in ("journal", "tmp", "locks"):
            (tmp_path / name / folder).mkdir(parents=True)
    link = tmp_path / "current"
    link.symlink_to("one")
    index = Index(link / "index.duckdb", link / "locks", FileJournal(link, "store"))
    commit(index, link, "x")
    index.release()
    link.unlink()
    link.symlink_to("two")
    assert count(index) == 0


def test_nothing_but_the_index_is_in_reach(open_index: Callable[[], Index], root: Path) -> None:
    (root / "secret.csv").write_text("a\n1\n")
    reaching = (
        f"FROM read_csv('{root}/secret.csv')",
        f"ATTACH '{root}/other.duckdb' AS other",
        f"COPY (SELECT 1) TO '{root}/copy.csv'",
        "SET enable_external_access = true",
        "SET allowed_paths = []",
        "LOAD httpfs",
    )
    with open_index().read() as connection:
        for statement in reaching:
            with pytest.raises(duckdb.Error, match=r"disabled|locked"):
                connection.execute(statement)
    assert not (root / "copy.csv").exists()


def test_the_lease_ends_without_use(open_index: Callable[[], Index], root: Path) -> None:
    index = open_index()
    count(index)
    with locks.hold(root / "locks/index.lock", shared=False, wait=100 * LEASE):
        pass


def test_the_lease_ends_when_somebody_waits_at_the_gate(open_index: Callable[[], Index], root: Path) -> None:
    index = open_index()
    with index.read() as first:
        gate = locks.hold(root / "locks/gate.lock", shared=False, wait=0)
    threading.Timer(0.01, gate.release).start()
    with index.read() as second:
        assert second is not first


def test_closing_ends_the_lease(open_index: Callable[[], Index], root: Path) -> None:
    index = open_index()
    with index.write():
        pass
    index.close()
    with locks.hold(root / "locks/index.lock", shared=False, wait=0):
        pass


def test_nobody_enters_while_the_index_is_excluded(open_index: Callable[[], Index], root: Path) -> None:
    with open_index().excluded():
        assert locks.try_hold(root / "locks/index.lock", shared=True) is None


def test_threads_share_one_index(open_index: Callable[[], Index], root: Path) -> None:
    index, other = open_index(), open_index()

    def work(number: int) -> None:
        commit(index if number % 3 else other, root, str(number))
        count(index)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    assert count(index) == 24


WORKER = """
import sys
sys.path[:0] = sys.argv[4].split(":")
import test_index_sharing as shared
from pathlib import Path
root = Path(sys.argv[1])
index = shared.Index(root / "index.duckdb", root / "locks", shared.FileJournal(root, "store"))
for number in range(int(sys.argv[3])):
    if sys.argv[2] == "read":
        shared.count(index)
    else:
        shared.commit(index, root, f"{sys.argv[2]}/{number}")
"""


def start(root: Path, what: str, times: int) -> subprocess.Popen[str]:
    here = Path(__file__).parent
    command = [
        sys.executable,
        "-c",
        WORKER,
        str(root),
        what,
        str(times),
        ":".join([str(here), *filter(None, sys.path)]),
    ]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def test_readers_and_writers_of_many_processes(open_index: Callable[[], Index], root: Path) -> None:
    processes = [start(root, "read", 60) for _ in range(2)] + [start(root, f"writer{n}", 6) for n in range(2)]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    assert count(open_index()) == 12


def test_a_writer_gets_in_while_readers_never_stop(open_index: Callable[[], Index], root: Path) -> None:
    readers = [start(root, "read", 1_000_000) for _ in range(2)]
    try:
        index = open_index()
        for number in range(5):
            commit(index, root, str(number))
        assert count(index) == 5
        assert all(reader.poll() is None for reader in readers)
    finally:
        for reader in readers:
            reader.kill()
            reader.communicate()


def test_the_lock_of_a_killed_process_dies_with_it(open_index: Callable[[], Index], root: Path) -> None:
    for _ in range(3):
        worker = start(root, "w", 1_000_000)
        while FileJournal(root, "store").head().sequence == 0:
            time.sleep(0.001)
        worker.kill()
        worker.communicate()
        assert count(open_index()) > 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="optional: this system cannot fork")
def test_a_forked_process_has_its_own_connection(open_index: Callable[[], Index], root: Path) -> None:
    index = open_index()
    commit(index, root, "parent")
    child = os.fork()
    if not child:
        status = 1
        try:
            commit(index, root, "child")
            status = 0 if count(index) == 2 else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert count(index) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="optional: this system cannot fork")
def test_a_fork_within_an_operation_leaves_it_alone(open_index: Callable[[], Index], root: Path) -> None:
    index = open_index()
    with index.write() as writer:
        child = os.fork()
        if not child:
            os._exit(0)
        os.waitpid(child, 0)
        assert writer.connection.execute("SELECT 1").fetchone() == (1,)
    commit(index, root, "x")
    assert count(index) == 1
