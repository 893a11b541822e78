"""Locks exclude, are shared, are waited for within a bound, and die with their holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from taskstore.disk.holders import parse_holders
from taskstore.disk.locks import hold, try_hold
from taskstore.errors import BusyError, StorageError

HOLDER = """
import sys
from pathlib import Path
from taskstore.disk.locks import hold
hold(Path(sys.argv[1]), shared=sys.argv[2] == "shared", wait=0)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.lock"


def other_process(path: Path, how: str) -> subprocess.Popen[bytes]:
    """A process that holds the lock until its stdin is closed or it is killed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


@pytest.mark.parametrize(
    "first, second, both",
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_only_shared_locks_are_held_together(path: Path, first: bool, second: bool, both: bool) -> None:
    with hold(path, shared=first, wait=0):
        lock = try_hold(path, shared=second)
        assert (lock is not None) is both
        if lock is not None:
            lock.release()
    with hold(path, shared=False, wait=0):
        pass


def test_releasing_twice_is_harmless(path: Path) -> None:
    lock = hold(path, shared=False, wait=0)
    lock.release()
    with hold(path, shared=False, wait=0):
        lock.release()
        assert try_hold(path, shared=False) is None


def test_a_waiter_gets_the_lock_when_it_is_released(path: Path) -> None:
    lock = hold(path, shared=False, wait=0)
    threading.Timer(0.02, lock.release).start()
    with hold(path, shared=False, wait=60):
        pass


def test_waiting_ends_with_busy(path: Path) -> None:
    with hold(path, shared=False, wait=0), pytest.raises(BusyError):
        hold(path, shared=True, wait=0.01)


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="optional: this system does not tell who holds a lock")
@pytest.mark.parametrize("how", ["shared", "exclusive"])
def test_busy_names_the_process_that_holds_the_lock(path: Path, how: str) -> None:
    with other_process(path, how) as process:
        with pytest.raises(BusyError) as raised:
            hold(path, shared=False, wait=0)
        process.kill()
    assert str(process.pid) in str(raised.value)


def test_a_killed_holder_holds_nothing(path: Path) -> None:
    with other_process(path, "exclusive") as process:
        assert try_hold(path, shared=False) is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        with hold(path, shared=False, wait=60):
            pass


def test_a_forked_child_neither_keeps_nor_gives_up_the_parents_lock(path: Path) -> None:
    lock = hold(path, shared=False, wait=0)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        lock.release()
        os.write(writer, b"released")
        signal.pause()
    try:
        assert os.read(reader, 8) == b"released"
        assert try_hold(path, shared=False) is None
        lock.release()
        with hold(path, shared=False, wait=0):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reader)
        os.close(writer)


def test_a_planted_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "elsewhere")
    for shared in (True, False):
        with pytest.raises(StorageError):
            hold(path, shared=shared, wait=0)
    assert not (tmp_path / "elsewhere").exists()


def test_a_lock_file_that_was_removed_is_made_anew(path: Path) -> None:
    with hold(path, shared=False, wait=0):
        path.unlink()
        with hold(path, shared=False, wait=0):
            assert try_hold(path, shared=False) is None


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        hold(tmp_path / "missing" / "some.lock", shared=False, wait=0)


def test_the_holders_of_a_file_are_read_from_the_kernels_table() -> None:
    table = (
        "1: FLOCK  ADVISORY  WRITE 17 08:01:99 0 EOF\n"
        "1: -> FLOCK  ADVISORY  WRITE 23 08:01:99 0 EOF\n"
        "2: FLOCK  ADVISORY  READ 18 08:01:99 0 EOF\n"
        "3: POSIX  ADVISORY  WRITE 19 08:01:99 0 EOF\n"
        "4: FLOCK  ADVISORY  WRITE 20 08:01:98 0 EOF\n"
        "5: FLOCK  ADVISORY  WRITE 21 fe:01:99 0 EOF\n"
        "6: FLOCK  ADVISORY  WRITE 0 08:01:99 0 EOF\n"
    )
    assert parse_holders(table, 8, 1, 99) == [17, 18]
    assert parse_holders(table, 0xFE, 1, 99) == [21]
    assert parse_holders("", 8, 1, 99) == []
