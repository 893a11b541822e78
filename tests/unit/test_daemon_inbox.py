"""When a look at a watched folder finds a file ready: real files, and a clock of our own."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from taskstore_daemon.inbox import Inbox


def inbox_of(folder: Path, times: Sequence[float]) -> Inbox:
    """An inbox that polls and lets files settle for 5 seconds; its clock shows these times, one after the other."""
    ticks = iter(times)
    return Inbox(folder, rescan=1000.0, settle=5.0, why_poll="a test", wake=lambda: None, clock=lambda: next(ticks))


def test_the_time_that_a_scan_takes_is_no_time_that_its_files_stood_still(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    inbox = inbox_of(tmp_path, [20.0, 20.1, 21.0, 25.5])
    inbox.look(0.0)  # a scan that began at 0 and met the file at 20
    inbox.request_scan("a test")
    inbox.look(20.5)  # met at 21
    assert inbox.tracker.waiting() == ["a.json"]
    inbox.request_scan("a test")
    inbox.look(25.2)  # met at 25.5
    assert inbox.tracker.waiting() == []


@pytest.mark.skipif(sys.platform != "linux", reason="optional: only Linux has inotify")
def test_a_watcher_that_failed_is_started_anew_by_the_next_scan(tmp_path: Path) -> None:
    woken = threading.Event()
    inbox = Inbox(tmp_path, rescan=1000.0, settle=5.0, why_poll="", wake=woken.set)
    try:
        inbox.look(0.0)
        assert inbox._watch is not None
        inbox._watch.close()
        inbox.request_scan("a test")
        inbox.look(1.0)
        woken.clear()
        (tmp_path / "a.json").write_text("{}")
        assert woken.wait(60)
        inbox.look(2.0)
        assert [path for path, _ in inbox.tracker.ready()] == ["a.json"]
    finally:
        inbox.close()
