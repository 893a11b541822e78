"""Which files are ready, which wait, and which were dealt with."""

from __future__ import annotations

from taskstore_daemon.hints import Hint
from taskstore_daemon.scan import Stamp
from taskstore_daemon.tracker import Tracker

ONE = Stamp(1, 10, 10, 5)
TWO = Stamp(2, 20, 20, 5)


def test_a_file_that_was_closed_is_ready_at_once() -> None:
    tracker = Tracker(settle=1.0)
    tracker.observe("a", ONE, Hint.COMPLETE, now=0.0)
    assert tracker.ready() == [("a", ONE)]


def test_a_file_that_nobody_vouches_for_must_stand_still_for_two_looks() -> None:
    tracker = Tracker(settle=1.0)
    tracker.observe("a", ONE, None, now=0.0)
    assert tracker.waiting() == ["a"]
    tracker.observe("a", ONE, None, now=0.5)
    assert tracker.waiting() == ["a"]
    tracker.observe("a", ONE, None, now=1.0)
    assert tracker.ready() == [("a", ONE)]


def test_a_change_makes_it_stand_still_anew() -> None:
    tracker = Tracker(settle=1.0)
    tracker.observe("a", ONE, None, now=0.0)
    tracker.observe("a", TWO, None, now=1.0)
    tracker.observe("a", TWO, None, now=1.5)
    assert tracker.waiting() == ["a"]
    tracker.observe("a", TWO, None, now=2.0)
    assert tracker.ready() == [("a", TWO)]


def test_writing_after_closing_takes_readiness_back() -> None:
    tracker = Tracker(settle=1.0)
    tracker.observe("a", ONE, Hint.COMPLETE, now=0.0)
    tracker.observe("a", ONE, Hint.WRITING, now=0.1)
    assert tracker.ready() == []


def test_a_change_after_closing_takes_readiness_back() -> None:
    tracker = Tracker(settle=1.0)
    tracker.observe("a", ONE, Hint.COMPLETE, now=0.0)
    tracker.observe("a", TWO, None, now=0.1)
    assert tracker.ready() == []


def test_a_settled_file_is_left_alone_until_it_changes() -> None:
    tracker = Tracker(settle=1.0)
    tracker.observe("a", ONE, Hint.COMPLETE, now=0.0)
    tracker.settle("a", ONE)
    tracker.observe("a", ONE, Hint.COMPLETE, now=1.0)
    assert (tracker.ready(), tracker.waiting()) == ([], [])
    tracker.observe("a", TWO, Hint.COMPLETE, now=2.0)
    assert tracker.ready() == [("a", TWO)]


def test_a_file_that_changed_while_it_was_dealt_with_is_not_settled() -> None:
    tracker = Tracker(settle=1.0)
    tracker.observe("a", ONE, Hint.COMPLETE, now=0.0)
    tracker.settle("a", ONE)
    tracker.observe("a", TWO, None, now=0.1)
    assert tracker.waiting() == ["a"]


def test_a_change_that_is_seen_before_it_is_settled_is_dealt_with_too() -> None:
    tracker = Tracker(settle=1.0)
    tracker.observe("a", ONE, Hint.COMPLETE, now=0.0)
    tracker.observe("a", TWO, Hint.COMPLETE, now=0.1)
    tracker.settle("a", ONE)
    assert tracker.ready() == [("a", TWO)]


def test_a_postponed_file_stands_still_anew() -> None:
    tracker = Tracker(settle=1.0)
    tracker.observe("a", ONE, Hint.COMPLETE, now=0.0)
    tracker.postpone("a", now=0.2)
    tracker.observe("a", ONE, None, now=1.0)
    assert tracker.waiting() == ["a"]
    tracker.observe("a", ONE, None, now=1.2)
    assert tracker.ready() == [("a", ONE)]


def test_a_revived_file_is_ready_as_it_is() -> None:
    tracker = Tracker(settle=1.0)
    tracker.observe("a", ONE, Hint.COMPLETE, now=0.0)
    tracker.settle("a", ONE)
    tracker.revive(["a", "unknown"])
    assert tracker.ready() == [("a", ONE)]


def test_what_is_gone_is_forgotten() -> None:
    tracker = Tracker(settle=1.0)
    for path in ("a", "b", "c"):
        tracker.observe(path, ONE, Hint.COMPLETE, now=0.0)
    tracker.settle("a", ONE)
    assert tracker.known() == {"a", "b", "c"}
    tracker.forget(["a", "b"])
    assert len(tracker) == 1
    tracker.observe("a", ONE, None, now=1.0)
    assert tracker.waiting() == ["a"]


def test_a_renamed_file_is_known_by_what_a_rename_leaves_alone() -> None:
    tracker = Tracker(settle=1.0)
    tracker.observe("a", ONE, Hint.COMPLETE, now=0.0)
    tracker.settle("a", ONE)
    assert tracker.renamed_from(ONE) is None
    tracker.depart("a")
    assert tracker.renamed_from(Stamp(ONE.size, ONE.mtime_ns, ONE.ctime_ns + 7, ONE.inode)) == "a"
    assert tracker.renamed_from(TWO) is None


def departed() -> Tracker:
    """A tracker of a file that was dealt with and has departed."""
    tracker = Tracker(settle=1.0)
    tracker.observe("old", ONE, Hint.COMPLETE, now=0.0)
    tracker.settle("old", ONE)
    tracker.forget(["old"])
    return tracker


def test_a_departed_file_is_known_under_its_new_name_until_a_whole_scan_did_not_meet_one() -> None:
    tracker = departed()
    assert tracker.renamed_from(ONE) == "old"
    tracker.end_scan()
    assert tracker.renamed_from(ONE) == "old"
    tracker.end_scan()
    assert tracker.renamed_from(ONE) is None


def test_a_departed_file_is_known_for_as_long_as_it_waits_under_its_new_name() -> None:
    tracker = departed()
    tracker.observe("new", ONE, None, now=1.0)
    for _ in range(5):
        tracker.end_scan()
    assert tracker.renamed_from(ONE) == "old"
    tracker.settle("new", ONE)
    tracker.end_scan()
    assert tracker.renamed_from(ONE) is None
