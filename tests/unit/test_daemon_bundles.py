"""Which files make a bundle, and when a refused one is tried again."""

from __future__ import annotations

from taskstore_daemon.bundles.refusals import Place, Refusals, Surroundings
from taskstore_daemon.bundles.sets import BundleFiles, Bundles
from taskstore_daemon.bundles.wire import Retry
from taskstore_daemon.limits import BUNDLE_RETRY_SHARE
from taskstore_daemon.scan import Stamp

OLD, NEW = Stamp(10, 1, 1, 1), Stamp(20, 2, 2, 2)
PLACE = Place(0, "a.tar")


def due(bundles: Bundles, *ready: str, waiting: tuple[str, ...] = ()) -> list[BundleFiles]:
    return bundles.due([(path, OLD) for path in ready], waiting)


def test_a_part_comes_with_those_that_were_dealt_with_before() -> None:
    bundles = Bundles()
    [first] = due(bundles, "x/a.tar.part0002")
    assert (first.name, set(first.files), first.unchecked) == ("x/a.tar", {"x/a.tar.part0002"}, first.files.keys())
    bundles.settle(first, checked=True)
    [second] = due(bundles, "x/a.tar.part0001")
    assert set(second.files) == {"x/a.tar.part0001", "x/a.tar.part0002"}
    assert second.unchecked == {"x/a.tar.part0001"}
    assert second.size == 20


def test_a_part_that_changed_is_verified_anew() -> None:
    bundles = Bundles()
    bundles.settle(due(bundles, "a.tar.part0001")[0], checked=True)
    [again] = bundles.due([("a.tar.part0001", NEW)], ())
    assert (dict(again.files), again.unchecked) == ({"a.tar.part0001": NEW}, {"a.tar.part0001"})


def test_parts_of_a_refused_set_count_as_unverified() -> None:
    bundles = Bundles()
    bundles.settle(due(bundles, "a.tar.part0001")[0], checked=False)
    assert len(due(bundles, "a.tar.part0002")[0].unchecked) == 2


def test_nothing_is_due_while_a_file_of_it_is_written() -> None:
    ready = due(Bundles(), "a.tar.part0001", "b.tar", waiting=("a.tar.part0002",))
    assert [bundle.name for bundle in ready] == ["b.tar"]


def test_parts_beside_a_whole_file_do_not_count_and_are_settled_with_it() -> None:
    [bundle] = due(Bundles(), "a.tar.part0001", "a.tar")
    assert (set(bundle.files), set(bundle.beside), set(bundle.all)) == (
        {"a.tar"},
        {"a.tar.part0001"},
        {"a.tar", "a.tar.part0001"},
    )


def test_files_that_are_gone_are_forgotten() -> None:
    bundles = Bundles()
    bundles.settle(due(bundles, "a.tar.part0001", "a.tar.part0002")[0], checked=True)
    bundles.forget("a.tar.part0001")
    assert bundles.files("a.tar") == ["a.tar.part0002"]
    bundles.forget("a.tar.part0002")
    bundles.forget("never.tar")
    assert bundles.files("a.tar") == []


def met(*, signature: int | None = None, keys: int | None = None, head: int = 1) -> Surroundings:
    return Surroundings(
        None if signature is None else (signature, 0, 0), (None if keys is None else (keys, 0, 0),), head
    )


def test_what_the_store_refused_is_tried_again_once_it_changed_and_not_all_the_time() -> None:
    refusals = Refusals()
    refusals.add(PLACE, Retry.STORE, met(), now=100.0, took=2.0)
    later = 100.0 + 2.0 / BUNDLE_RETRY_SHARE
    assert not refusals.is_due(PLACE, met(head=2), later - 0.1)
    assert refusals.is_due(PLACE, met(head=2), later)
    assert not refusals.is_due(PLACE, met(signature=7), later)
    assert (refusals.of_inbox(0), refusals.of_inbox(1), refusals.wanting_store()) == ([PLACE], [], [PLACE])


def test_what_was_refused_for_its_signature_is_tried_again_once_that_or_a_key_changed() -> None:
    refusals = Refusals()
    refusals.add(PLACE, Retry.SIGNATURE, met(signature=1), now=0.0, took=9.0)
    assert not refusals.is_due(PLACE, met(signature=1, head=5), 1e9)
    assert refusals.is_due(PLACE, met(signature=2), 1.0)
    assert refusals.is_due(PLACE, met(), 1.0)
    assert refusals.is_due(PLACE, met(signature=1, keys=3), 1.0)
    assert refusals.wanting_store() == []


def test_what_is_wrong_in_itself_waits_for_its_own_change() -> None:
    refusals = Refusals()
    refusals.add(PLACE, Retry.CHANGE, met(), now=0.0, took=0.0)
    assert refusals.of_inbox(0) == []
