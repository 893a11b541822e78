"""Whatever becomes of the index's file, the next use gives the same answers again."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from taskstore.errors import BusyError, IndexDamagedError, JournalDamagedError
from taskstore.index import Index, connection, indexfile
from taskstore.index.queries import TaskQuery, list_tasks
from taskstore.journal import Entry, FileJournal, Head
from taskstore.journal.changes import TaskAction, TaskChange
from taskstore_specs.digest import Digest

START = datetime(2026, 1, 1, tzinfo=UTC)


def deployed(version: str) -> TaskChange:
    return TaskChange(
        action=TaskAction.DEPLOY,
        project="p",
        domain="d",
        name="task",
        version=version,
        revision=1,
        digest=Digest.of(version.encode()),
        fingerprint=Digest.of(b""),
    )


class Place:
    """A folder with a journal and an index of it."""

    def __init__(self, root: Path, store_id: str = "store") -> None:
        self.root, self.file = root, root / "index.duckdb"
        for folder in ("journal", "tmp", "locks"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        self.journal = FileJournal(root, store_id)
        self.index = self.open()

    def open(self) -> Index:
        """The index, as another process opens it."""
        return Index(self.file, self.root / "locks", self.journal)

    def append(self, version: str) -> tuple[Entry, Digest]:
        """One more entry in the journal."""
        head = self.journal.head()
        entry = Entry(
            head.sequence + 1, head.digest, START + timedelta(seconds=head.sequence), "me", (deployed(version),)
        )
        return entry, self.journal.append(entry).digest

    def versions(self, index: Index | None = None) -> list[str]:
        """What the index lists."""
        page = (index or self.index).ask(lambda c: list_tasks(c, TaskQuery(all_versions=True, limit=None)))
        return sorted(row.version for row in page.tasks)

    def aside(self) -> list[Path]:
        """Damaged files that were kept."""
        return sorted(self.root.glob("tmp/index.duckdb.damaged-*"))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    for version in ("v1", "v2"):
        with made.index.write() as writer:
            writer.apply([made.append(version)])
    made.index.close()
    yield made
    made.index.close()


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def zero(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


def zero_behind_the_headers(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:12288] + bytes(len(data) - 12288))


def other_program(file: Path) -> None:
    file.write_bytes(b"SQLite format 3\0" + bytes(4096))


def other_tables(file: Path) -> None:
    file.unlink()
    with duckdb.connect(str(file)) as other:
        other.execute("CREATE TABLE mine (x INTEGER)")


def other_format(file: Path) -> None:
    with duckdb.connect(str(file)) as same:
        same.execute("UPDATE meta SET format = 999")


def missing_column(file: Path) -> None:
    with duckdb.connect(str(file)) as same:
        same.execute("ALTER TABLE task_versions DROP COLUMN created_at")


def link(file: Path) -> None:
    target = file.rename(file.with_name("elsewhere"))
    file.symlink_to(target)


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        truncate,
        empty,
        zero,
        zero_behind_the_headers,
        other_program,
        other_tables,
        other_format,
        missing_column,
        link,
        folder,
    ],
)
def test_a_damaged_file_is_set_aside_and_rebuilt_with_a_warning(
    place: Place, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    damage(place.file)
    with caplog.at_level(logging.WARNING, logger="taskstore.index"):
        assert place.versions() == ["v1", "v2"]
    assert caplog.records
    assert place.aside()
    with place.index.write() as writer:
        writer.apply([place.append("v3")])
    assert place.versions() == ["v1", "v2", "v3"]


def test_a_write_ahead_log_that_cannot_be_replayed_does_no_harm(place: Place) -> None:
    log = place.file.with_name(f"{place.file.name}.wal")
    log.write_bytes(b"no log" * 1000)
    assert place.versions() == ["v1", "v2"]
    place.index.close()
    script = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]); c.execute('CREATE TABLE x AS SELECT 1'); os._exit(0)"
    )
    other = place.root / "tmp/other.duckdb"
    subprocess.run([sys.executable, "-c", script, str(other)], check=True)
    shutil.copy(other.with_name("other.duckdb.wal"), log)
    assert place.versions() == ["v1", "v2"]


def test_a_missing_file_comes_back_without_a_word(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.file.unlink()
    assert place.versions() == ["v1", "v2"]
    assert not caplog.records


def test_only_the_last_damaged_file_is_kept(place: Place) -> None:
    for _ in range(3):
        zero(place.file)
        place.versions()
        place.index.close()
    assert len(place.aside()) == 1


def test_a_query_that_fails_is_asked_again_of_a_rebuilt_index(place: Place) -> None:
    missing_column(place.file)
    with pytest.raises(IndexDamagedError), place.index.read() as broken:
        broken.execute("SELECT created_at FROM task_versions")
    with place.index.read() as mended:
        assert mended.execute("SELECT count(created_at) FROM task_versions").fetchone() == (2,)


def test_applying_to_a_damaged_index_rebuilds_it(place: Place) -> None:
    with place.index.write() as writer:
        writer.connection.execute("DROP TABLE tasks")
        writer.apply([place.append("v3")])
        assert writer.head == place.journal.head()
    assert place.versions() == ["v1", "v2", "v3"]


def test_an_index_that_is_behind_catches_up(place: Place) -> None:
    place.append("v3")
    place.append("v4")
    assert place.versions() == ["v1", "v2", "v3", "v4"]
    assert not place.aside()


def test_an_index_of_another_journal_is_rebuilt(place: Place, tmp_path: Path) -> None:
    other = Place(tmp_path / "other", "other")
    other.append("w1")
    other.append("w2")
    shutil.copy(place.file, other.file)
    assert other.versions() == ["w1", "w2"]
    other.index.close()


def test_an_index_that_is_ahead_of_its_journal_is_rebuilt(place: Place) -> None:
    (place.root / "journal/00000000/000000000002.json").unlink()
    assert place.versions(place.open()) == ["v1"]


def test_a_damaged_journal_is_not_mended_by_the_index(place: Place) -> None:
    entry = place.root / "journal/00000000/000000000001.json"
    entry.chmod(0o600)
    entry.write_bytes(b"{}")
    place.file.unlink()
    with pytest.raises(JournalDamagedError):
        place.versions()


def test_rebuilt_is_the_same(place: Place) -> None:
    def contents() -> list[object]:
        with place.index.read() as reading:
            return [reading.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in ("task_versions", "tasks")]

    before = contents()
    assert place.index.rebuild() == place.journal.head()
    assert contents() == before


def test_a_store_that_cannot_be_written_is_read(place: Place) -> None:
    with read_only(place.root), closing(place.open()) as reader:
        assert place.versions(reader) == ["v1", "v2"]


def test_a_store_that_cannot_be_written_is_read_though_its_index_is_behind(place: Place) -> None:
    place.append("v3")
    with read_only(place.root), closing(place.open()) as reader:
        assert place.versions(reader) == ["v1", "v2", "v3"]


@contextmanager
def read_only(root: Path) -> Iterator[None]:
    """Nothing below `root` can be written: by its modes, or for root, whom they do not bind, by a mount."""
    if os.geteuid() == 0:
        subprocess.run(["mount", "--bind", root, root], check=True)
        try:
            subprocess.run(["mount", "-o", "remount,ro,bind", root], check=True)
            yield
        finally:
            subprocess.run(["umount", root], check=True)
        return
    paths = [root, *root.rglob("*")]
    modes = {path: path.stat().st_mode for path in paths}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


class TestCrashOfTheLibrary:
    """What a process that dies by a signal while it opens the file leaves behind."""

    CRASH = """
import os, signal, sys
from pathlib import Path
from taskstore.index import Index
from taskstore.index.instance import Instance
from taskstore.journal import FileJournal
root = Path(sys.argv[1])
if sys.argv[2] == "crash":
    Instance.attach = lambda *given, **named: os.kill(os.getpid(), signal.SIGABRT)
index = Index(root / "index.duckdb", root / "locks", FileJournal(root, "store"))
with index.read() as connection:
    print(connection.execute("SELECT count(*) FROM task_versions").fetchone()[0])
"""

    def run(self, place: Place, how: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", self.CRASH, str(place.root), how]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    def test_a_file_that_kills_is_rebuilt(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.run(place, "crash").returncode == -signal.SIGABRT
        monkeypatch.setattr("taskstore.index.opening._PROBE", "import os; os.abort()")
        assert place.versions(place.open()) == ["v1", "v2"]
        assert place.aside()

    def test_a_file_that_was_not_to_blame_is_kept(self, place: Place) -> None:
        assert self.run(place, "crash").returncode == -signal.SIGABRT
        before = place.file.stat().st_ino
        assert self.run(place, "live").stdout == "2\n"
        assert place.versions(place.open()) == ["v1", "v2"]
        assert place.file.stat().st_ino == before
        assert not place.aside()


def test_a_foreign_program_that_holds_the_file_is_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "FOREIGN_WAIT", 0.1)
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(place.file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as foreign:
        assert foreign.stdout is not None and foreign.stdin is not None
        foreign.stdout.readline()
        with pytest.raises(BusyError, match=str(foreign.pid)):
            place.versions()
        foreign.stdin.close()
    assert place.versions() == ["v1", "v2"]
    assert not place.aside()


def test_entries_that_do_not_follow_are_refused_and_old_ones_skipped(place: Place) -> None:
    old = place.journal.read(2)
    with place.index.write() as writer:
        writer.apply([old])
        assert writer.head == Head(2, old[1], old[0].committed_at)
        with pytest.raises(ValueError, match="does not follow"):
            writer.apply([(Entry(9, Digest.of(b"?"), START, "me", ()), Digest.of(b"!"))])
    assert place.versions() == ["v1", "v2"]


def test_a_full_disk_is_told_as_such(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> None:
        raise duckdb.IOException(f"Could not write: {os.strerror(28)}")

    monkeypatch.setattr(indexfile.apply, "apply", full)
    place.append("v3")
    assert place.versions() == ["v1", "v2", "v3"]
    assert not place.aside()
