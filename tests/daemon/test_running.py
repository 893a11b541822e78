"""Starting, ending, and being left alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from taskstore.index.lease import WAIT
from taskstore_daemon.limits import BATCH_FILES
from tests.daemon.plant import Plant, manifest, until

QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")


def test_sigterm_ends_it_cleanly(plant: Plant) -> None:
    assert plant.stop(plant.start()) == 0
    assert plant.stop(plant.start(), signal.SIGINT) == 0


def test_sigterm_in_a_flood_finishes_the_batch(plant: Plant) -> None:
    for number in range(2000):
        (plant.inbox / f"{number}.json").write_text(manifest(f"t{number}"))
    daemon = plant.start()
    until(lambda: plant.sequence() > 1)
    assert plant.stop(daemon) == 0
    deployed = plant.deploys()
    receipts = [path.name for path in (plant.inbox / "receipts").iterdir()]
    assert len(receipts) == len(deployed) == len(set(deployed))
    assert not [name for name in receipts if name.endswith(".tmp")]


def test_a_flood_in_one_folder_does_not_starve_another(plant: Plant) -> None:
    (plant.inbox / "flood").mkdir()
    for number in range(4000):
        (plant.inbox / "flood" / f"{number}.json").write_text(manifest(f"t{number}"))
    daemon = plant.start("--receipts", "none")
    until(lambda: plant.sequence() > 1)
    daemon.send_signal(signal.SIGSTOP)
    before = len(plant.deploys())
    plant.drop("quiet.json", manifest("quiet"))
    daemon.send_signal(signal.SIGCONT)
    until(lambda: len(plant.deploys()) == 4001)
    # The batch at hand and the one that was read ahead go first.
    assert "quiet@v1" in plant.deploys()[: before + 2 * BATCH_FILES + 1]


def test_readers_never_see_an_error_while_it_deploys(plant: Plant) -> None:
    loop = (
        "import sys\n"
        "from taskstore.cli.main import main\n"
        "while True:\n"
        "    if code := main(['list', '--all', '--json']): sys.exit(code)\n"
    )
    command = [sys.executable, "-c", loop]
    errors = (plant.root / "readers").open("w+")
    readers = [
        subprocess.Popen(command, env=plant.environment(), stdout=subprocess.DEVNULL, stderr=errors) for _ in range(4)
    ]
    try:
        plant.start()
        for number in range(1000):
            plant.drop(f"{number}.json", manifest(f"t{number}"))
        until(lambda: len(plant.deploys()) == 1000)
        assert [reader.poll() for reader in readers] == [None] * 4
    finally:
        for reader in readers:
            reader.kill()
            reader.wait()
    errors.seek(0)
    assert errors.read() == ""
    errors.close()


def test_sighup_scans_everything(plant: Plant) -> None:
    daemon = plant.start("--rescan", "3600")
    (plant.root / "a.json").write_text(manifest("a"))
    os.link(plant.root / "a.json", plant.inbox / "a.json")  # no event says that this file is whole
    daemon.send_signal(signal.SIGHUP)
    assert plant.settled("a.json")["outcome"] == "created"


def test_a_second_daemon_on_the_same_inbox_is_refused(plant: Plant) -> None:
    plant.start()
    second = plant.call("run", "--once", str(plant.inbox / ".." / "inbox"))
    assert second.returncode == 6
    assert "already" in second.stderr


def test_once_tells_by_its_exit_code(plant: Plant) -> None:
    plant.drop("a.json", manifest("a"))
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0
    plant.drop("b.json", "{")
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 3
    assert plant.call("run", "--once", str(plant.root / "missing")).returncode == 2
    assert plant.deploys() == ["a@v1"]


def test_status_tells_what_it_does(plant: Plant) -> None:
    daemon = plant.start()
    plant.drop("a.json", manifest("a"))
    plant.drop("b.json", "{")
    counts = {"created": 1, "updated": 0, "unchanged": 0, "rejected": 1, "applied": 0}
    until(lambda: plant.health()["counts"] == counts)
    status = json.loads(plant.call("status", "--json").stdout)["inboxes"][0]
    assert status["counts"] == counts
    assert (status["running"], status["pid"], status["backend"]) == (True, daemon.pid, "inotify")
    assert [named["path"] for named in status["refused"]] == ["b.json"]
    plant.stop(daemon)
    done = plant.call("status", "--json")
    assert (done.returncode, json.loads(done.stdout)["inboxes"][0]["running"]) == (0, False)
    assert str(plant.inbox) in plant.call("status").stdout


def test_the_log_can_be_json_lines(plant: Plant) -> None:
    plant.start("--log", "json")
    plant.drop("a.json", manifest("a"))
    until(lambda: "created" in [json.loads(line)["event"] for line in plant.log.read_text().splitlines()])


def test_a_busy_store_is_waited_out(plant: Plant) -> None:
    plant.start()
    with plant.store.index.write():
        plant.drop("a.json", manifest("a"))
        time.sleep(1.0)
    assert plant.settled("a.json")["outcome"] == "created"


@pytest.mark.long
def test_a_store_that_is_busy_for_long_is_shown(plant: Plant) -> None:
    plant.start()
    with plant.store.index.write():
        plant.drop("a.json", manifest("a"))
        time.sleep(WAIT + 5.0)
        until(lambda: "is held" in plant.health()["last_error"], "the fault shown")
        assert "waiting error=" in plant.log.read_text()
    assert plant.settled("a.json")["outcome"] == "created"


def test_a_manifest_waits_for_its_project(plant: Plant) -> None:
    plant.start()
    plant.drop("a.json", manifest("a", project="late"))
    until((plant.inbox / "a.json.error.txt").exists)
    plant.store.create_project("late")
    until(lambda: plant.deploys() == ["a@v1"])
    until(lambda: not (plant.inbox / "a.json.error.txt").exists())


def test_a_project_in_the_same_folder_comes_in_time(plant: Plant) -> None:
    plant.drop("a.json", manifest("a", project="late"))
    plant.drop("z-project.json", json.dumps({"project": {"id": "late"}}))
    done = plant.call("run", "--once", str(plant.inbox))
    assert done.returncode == 0, done.stderr
    assert plant.deploys() == ["a@v1"]


@contextmanager
def short_queue() -> Iterator[None]:
    """Let the kernel keep 16 events only, for watches that are made meanwhile, of the whole machine."""
    if os.geteuid() != 0 or not QUEUE.exists():
        pytest.skip("optional: the kernel's event queue can be shortened by root only")
    before = QUEUE.read_text()
    try:
        QUEUE.write_text("16")
    except OSError:
        pytest.skip("optional: the kernel's event queue cannot be changed here")
    try:
        yield
    finally:
        QUEUE.write_text(before)


def test_dropped_events_lose_nothing(plant: Plant, thorough: bool) -> None:
    count = 10_000 if thorough else 1_000
    outside = plant.root / "outside"
    outside.mkdir()
    for number in range(count):
        (outside / f"{number}.json").write_text(manifest(f"t{number}"))
    with short_queue():
        daemon = plant.start("--rescan", "3600")
    daemon.send_signal(signal.SIGSTOP)  # so that nobody reads events, and the queue overflows for certain
    for number in range(count // 2):
        (outside / f"{number}.json").rename(plant.inbox / f"{number}.json")
    daemon.send_signal(signal.SIGCONT)
    for number in range(count // 2, count):
        (outside / f"{number}.json").rename(plant.inbox / f"{number}.json")
    until(lambda: len(plant.deploys()) >= count, "all deployed")
    until(lambda: len(list((plant.inbox / "receipts").iterdir())) == count, "all receipts")
    assert sorted(plant.deploys()) == sorted(f"t{number}@v1" for number in range(count))
    assert "dropped events" in plant.log.read_text()


@pytest.mark.parametrize("limit", ["max_inotify_instances", "max_inotify_watches"])
def test_without_watches_it_polls(plant: Plant, limit: str) -> None:
    # A user namespace has limits of its own, so that nobody else goes without watches meanwhile.
    few = f"echo {2 * (limit == 'max_inotify_watches')} > /proc/sys/user/{limit}"
    if subprocess.run(["unshare", "-r", "sh", "-c", few], check=False, capture_output=True).returncode:
        pytest.skip("optional: this machine makes no user namespaces")
    for folder in "abcd":
        (plant.inbox / folder).mkdir()
    plant.start(wrapper=["unshare", "-r", "sh", "-c", f'{few}; exec "$@"', "sh"])
    assert plant.health()["backend"] == "polling"
    assert "limit reached" in plant.health()["backend_reason"]
    plant.drop("d/a.json", manifest("a"))
    assert plant.settled("d/a.json")["outcome"] == "created"


def test_no_descriptor_is_left_behind(plant: Plant) -> None:
    daemon = plant.start()

    def descriptors() -> int:
        return len(list(Path(f"/proc/{daemon.pid}/fd").iterdir()))

    if not Path(f"/proc/{daemon.pid}/fd").exists():
        pytest.skip("optional: this system does not list a process's descriptors")
    plant.drop("warm/a.json", manifest("a"))
    plant.settled("warm/a.json")
    before = descriptors()
    for number in range(30):
        plant.drop(f"{number}/a.json", manifest(f"t{number}"))
        plant.drop(f"{number}/b.json", "{")
    plant.settled("29/b.json")
    until(lambda: descriptors() <= before + 2, "the index given up, and no other descriptor open")


def test_dropping_is_whole_or_not_at_all(plant: Plant) -> None:
    source = plant.root / "a.json"
    source.write_text(manifest("a"))
    broken = plant.root / "b.json"
    broken.write_text("{")
    plant.start()
    done = plant.call("drop", "--wait", "--json", str(source), str(plant.inbox))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["receipts"][0]["outcome"] == "created"
    again = plant.call("drop", "--wait", "--json", str(source), str(plant.inbox))
    assert json.loads(again.stdout)["receipts"][0]["outcome"] == "created"
    assert plant.call("drop", "--wait", str(source), str(broken), str(plant.inbox)).returncode == 3
    assert sorted(path.name for path in plant.inbox.iterdir()) == ["a.json", "b.json", "b.json.error.txt", "receipts"]


def test_dropping_what_would_be_ignored_is_refused(plant: Plant) -> None:
    source = plant.root / "a.txt"
    source.write_text("hello")
    assert plant.call("drop", str(source), str(plant.inbox)).returncode == 3
    assert list(plant.inbox.iterdir()) == []


def test_dropping_without_a_daemon_says_so(plant: Plant) -> None:
    source = plant.root / "a.json"
    source.write_text(manifest("a"))
    done = plant.call("drop", "--wait", "--timeout", "0.2", str(source), str(plant.inbox))
    assert done.returncode == 6
    assert "taskstored status" in done.stderr


def test_a_terminal_user_sees_no_traceback(plant: Plant) -> None:
    done = plant.call("run", "--store", str(plant.root / "nowhere"), str(plant.inbox))
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert subprocess.run(plant.command(), env=plant.environment(), capture_output=True, check=False).returncode == 0


def test_several_inboxes_are_watched_together(plant: Plant) -> None:
    other = plant.root / "other"
    other.mkdir()
    plant.start(str(other))
    plant.drop("a.json", manifest("a"))
    (other / "b.json").write_text(manifest("b"))
    until(lambda: sorted(plant.deploys()) == ["a@v1", "b@v1"])
    until((other / "receipts" / "b.json.json").exists)


def test_overlapping_inboxes_are_refused(plant: Plant) -> None:
    (plant.inbox / "inner").mkdir()
    done = plant.call("run", "--once", str(plant.inbox), str(plant.inbox / "inner"))
    assert done.returncode == 3
    assert "overlap" in done.stderr
