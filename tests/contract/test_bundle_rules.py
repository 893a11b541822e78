"""What applying a bundle promises, rule by rule, on real stores."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taskstore.bundle import Applied, BundleDonor, OnConflict, apply, opened, survey
from taskstore.check import gc
from taskstore.disk.locks import try_hold
from taskstore.errors import (
    BundleConflictError,
    BundleGapError,
    BundleHistoryError,
    InvalidInputError,
    SignatureMissingError,
)
from taskstore.index.selection import Chosen, Selection
from taskstore.journal.changes import TriggerAction
from taskstore.plan.policy import SignaturePolicy, VersionPolicy
from taskstore.store.store import Store
from taskstore_specs.identity import TaskId, TaskName
from tests.bundle_stores import (
    Ticking,
    ask,
    content_of,
    deploy,
    facts_of,
    files_of,
    new_store,
    send,
    take,
    triggers,
    versions,
)

pytestmark = pytest.mark.usefixtures("no_network")

TASK = TaskName("p", "development", "a")


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def upstream(tmp_path: Path, clock: Ticking) -> Iterator[Store]:
    """A store with some history."""
    with new_store(tmp_path / "upstream", clock, projects=["p", "q"]) as store:
        deploy(store, "a", "v1", "one", "daily")
        deploy(store, "a", "v2", "two", "daily", "weekly")
        deploy(store, "a", "v1", "one, mended", "daily")
        deploy(store, "b", "v1", "three", project="q")
        yield store


@pytest.fixture
def site(tmp_path: Path, clock: Ticking) -> Iterator[Store]:
    """An empty store."""
    with new_store(tmp_path / "site", clock) as store:
        yield store


def test_a_fresh_store_becomes_a_faithful_copy(upstream: Store, site: Store, tmp_path: Path) -> None:
    upstream.operate_triggers(TriggerAction.PAUSE, TASK, ["daily"])
    upstream.delete_version(TaskId("p", "development", "a", "v2"))
    take(site, *send(upstream, tmp_path / "b"))
    assert versions(site) == versions(upstream)
    assert triggers(site) == triggers(upstream)
    assert ask(site, "FROM projects") and facts_of(site) == facts_of(upstream)
    deployed = "SELECT version, revision, deployed_triggers FROM task_revisions ORDER BY sequence, position"
    assert ask(site, deployed) == ask(upstream, deployed)


def test_a_bundle_is_one_entry_that_names_its_origin(upstream: Store, site: Store, tmp_path: Path) -> None:
    assert take(site, *send(upstream, tmp_path / "b")).sequences == (1,)
    head = upstream.journal.head()
    followed = [(upstream.config.store_id, "", head.sequence, str(head.digest))]
    assert ask(site, "SELECT store_id, scope, followed, digest FROM origins") == followed


def apply_watched(site: Store, path: Path, watch: Callable[[int, int], None]) -> Applied:
    """Apply a bundle; `watch` is called with every step: a blob verified, blobs stored, an entry committed."""
    with opened([path]) as (bundle,):
        return apply(site, bundle, OnConflict.REFUSE, "operator@here", watch)


def test_nobody_sees_a_part_of_a_bundle_that_takes_several_entries(
    upstream: Store, site: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who asks after the first entry is told when the last one stands."""
    monkeypatch.setattr(survey, "FACTS_PER_ENTRY", 1)
    (path,) = send(upstream, tmp_path / "b")
    blobs = len(list(upstream.blobs))
    seen: list[object] = []
    reader = threading.Thread(target=lambda: seen.append(_content_at(site.root)))

    def ask_after_the_first_entry(done: int, _: int) -> None:
        if done > 2 * blobs and reader.ident is None:
            reader.start()
            while reader.is_alive() and (gate := try_hold(site.root / "locks" / "gate.lock", shared=False)):
                gate.release()

    assert len(apply_watched(site, path, ask_after_the_first_entry).sequences) > 3
    reader.join()
    assert seen == [content_of(upstream)]


def _content_at(root: Path) -> list[tuple[object, ...]]:
    with Store.open(root) as store:
        return content_of(store)


def test_a_contradiction_committed_during_the_verification_is_found_before_the_first_entry(
    upstream: Store, site: Store, tmp_path: Path, clock: Ticking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "FACTS_PER_ENTRY", 1)
    (path,) = send(upstream, tmp_path / "b")
    heads = []

    def commit_once(_: int, __: int) -> None:
        if not heads:
            with Store.open(site.root, clock=clock) as other:
                other.create_project("q")
                deploy(other, "b", "v1", "ours", project="q")
                heads.append(other.journal.head())

    with pytest.raises(BundleConflictError):
        apply_watched(site, path, commit_once)
    assert site.journal.head() == heads[0]


def test_blobs_that_gc_removes_before_an_entry_names_them_are_put_again(
    upstream: Store, site: Store, tmp_path: Path
) -> None:
    (path,) = send(upstream, tmp_path / "b")
    blobs = len(list(upstream.blobs))
    removed = []

    def collect(done: int, _: int) -> None:
        if done == 2 * blobs:
            with Store.open(site.root) as other:
                removed.append(gc(other, grace=-1).removed)

    apply_watched(site, path, collect)
    assert sum(removed) == blobs
    assert sorted(site.blobs) == sorted(upstream.blobs)


def test_a_copy_goes_on_being_a_copy(upstream: Store, site: Store, tmp_path: Path) -> None:
    take(site, *send(upstream, tmp_path / "b1"))
    upstream.operate_triggers(TriggerAction.PAUSE, TASK, ["daily"])
    take(site, *send(upstream, tmp_path / "b2", to=site))
    upstream.operate_triggers(TriggerAction.RESUME, TASK, ["daily"])
    deploy(upstream, "a", "v1", "one", "daily")
    take(site, *send(upstream, tmp_path / "b3", to=site))
    assert (versions(site), triggers(site)) == (versions(upstream), triggers(upstream))


def test_the_same_again_does_nothing(upstream: Store, site: Store, tmp_path: Path) -> None:
    paths = send(upstream, tmp_path / "b")
    take(site, *paths)
    before = files_of(site.root)
    assert take(site, *paths).taken == 0
    assert files_of(site.root) == before


def test_an_old_bundle_rolls_nothing_back(upstream: Store, site: Store, tmp_path: Path) -> None:
    old = send(upstream, tmp_path / "old")
    old_some = send(upstream, tmp_path / "some", selection=Selection(project="p"))
    deploy(upstream, "a", "v1", "newest", "daily")
    take(site, *send(upstream, tmp_path / "new"))
    before = versions(site)
    assert (take(site, *old).taken, take(site, *old_some).taken) == (0, 0)
    assert versions(site) == before


def test_own_history_goes_on(upstream: Store, site: Store, tmp_path: Path) -> None:
    site.create_project("p")
    deploy(site, "a", "v1", "one, mended", "daily")
    deploy(site, "a", "v1", "one", "daily")
    deploy(site, "a", "v1", "one, mended", "daily")
    take(site, *send(upstream, tmp_path / "b"))
    assert ask(site, "SELECT version, revision FROM task_versions WHERE name = 'a' ORDER BY ALL") == [
        ("v1", 3),
        ("v2", 1),
    ]


def test_a_contradiction_refuses_the_whole_bundle(upstream: Store, site: Store, tmp_path: Path) -> None:
    site.create_project("p")
    deploy(site, "a", "v1", "ours")
    before = files_of(site.root)
    paths = send(upstream, tmp_path / "b")
    with pytest.raises(BundleConflictError) as refused:
        take(site, *paths)
    assert [conflict.name for conflict in refused.value.conflicts] == ["p/development/a@v1"]
    assert files_of(site.root) == before


@pytest.mark.parametrize(("on_conflict", "content"), [(OnConflict.OURS, "ours"), (OnConflict.THEIRS, "one, mended")])
def test_a_contradiction_can_be_decided(
    upstream: Store, site: Store, tmp_path: Path, on_conflict: OnConflict, content: str
) -> None:
    site.create_project("p")
    deploy(site, "a", "v1", "ours")
    applied = take(site, *send(upstream, tmp_path / "b"), on_conflict=on_conflict)
    assert [conflict.name for conflict in applied.decided] == ["p/development/a@v1"]
    digest = next(row[4] for row in content_of(site) if row[3] == "v1" and row[2] == "a")
    from taskstore_specs.digest import Digest

    assert content in site.get_spec(Digest.parse(digest)).decode()
    assert ask(site, "SELECT count(*) FROM task_versions WHERE name = 'b'") == [(1,)]


@pytest.mark.parametrize("whole", [False, True])
def test_a_decided_contradiction_is_not_asked_again(upstream: Store, site: Store, tmp_path: Path, whole: bool) -> None:
    """Neither by a delta nor by a bundle of everything."""
    site.create_project("p")
    deploy(site, "a", "v1", "ours")
    take(site, *send(upstream, tmp_path / "b1"), on_conflict=OnConflict.OURS)
    deploy(upstream, "a", "v9", "new", "daily")
    assert take(site, *send(upstream, tmp_path / "b2", to=None if whole else site)).decided == ()
    assert ("a", "v9") in [row[2:4] for row in content_of(site)]


def test_a_change_on_both_sides_is_a_contradiction_and_on_one_side_none(
    upstream: Store, site: Store, tmp_path: Path
) -> None:
    take(site, *send(upstream, tmp_path / "b1"))
    deploy(upstream, "a", "v2", "two, upstream", "daily", "weekly")
    take(site, *send(upstream, tmp_path / "b2", to=site))
    deploy(site, "b", "v1", "three, site", project="q")
    deploy(upstream, "b", "v1", "three, upstream", project="q")
    with pytest.raises(BundleConflictError):
        take(site, *send(upstream, tmp_path / "b3", to=site))


def test_what_goes_up_and_comes_back_is_known(upstream: Store, site: Store, tmp_path: Path) -> None:
    take(site, *send(upstream, tmp_path / "down"))
    deploy(site, "b", "v1", "three, site", project="q")
    take(upstream, *send(site, tmp_path / "up"))
    assert content_of(upstream) == content_of(site)
    assert take(site, *send(upstream, tmp_path / "back", to=site)).taken == 0
    deploy(upstream, "b", "v1", "three, agreed", project="q")
    take(site, *send(upstream, tmp_path / "again", to=site))
    assert content_of(upstream) == content_of(site)


def test_a_pause_made_here_is_never_lifted(upstream: Store, site: Store, tmp_path: Path) -> None:
    take(site, *send(upstream, tmp_path / "b1"))
    site.operate_triggers(TriggerAction.PAUSE, TASK, ["daily"])
    for number, action in enumerate([TriggerAction.PAUSE, TriggerAction.RESUME, TriggerAction.ACTIVATE]):
        upstream.operate_triggers(action, TASK, ["daily"])
        deploy(upstream, "a", f"v{number + 10}", f"content {number}", "daily")
        take(site, *send(upstream, tmp_path / f"c{number}", to=site))
        assert ask(site, "SELECT paused, task_version FROM triggers WHERE name = 'daily'") == [
            (True, f"v{number + 10}")
        ]
    site.operate_triggers(TriggerAction.RESUME, TASK, ["daily"])
    deploy(upstream, "a", "v20", "last", "daily")
    take(site, *send(upstream, tmp_path / "d", to=site))
    assert ask(site, "SELECT paused FROM triggers WHERE name = 'daily'") == [(False,)]


def test_a_pause_comes_through(upstream: Store, site: Store, tmp_path: Path) -> None:
    take(site, *send(upstream, tmp_path / "b1"))
    upstream.operate_triggers(TriggerAction.PAUSE, TASK, ["daily"])
    take(site, *send(upstream, tmp_path / "b2", to=site))
    assert ask(site, "SELECT paused FROM triggers WHERE name = 'daily'") == [(True,)]


def test_a_pause_that_was_lifted_is_lifted_in_a_copy(upstream: Store, site: Store, tmp_path: Path) -> None:
    for action in (TriggerAction.PAUSE, TriggerAction.RESUME, TriggerAction.DEACTIVATE, TriggerAction.ACTIVATE):
        upstream.operate_triggers(action, TASK, ["daily"])
    take(site, *send(upstream, tmp_path / "b1"))
    assert triggers(site) == triggers(upstream)


def test_a_gap_is_refused_and_names_the_entry_to_ask_for(upstream: Store, site: Store, tmp_path: Path) -> None:
    take(site, *send(upstream, tmp_path / "b1"))
    known = upstream.journal.head().sequence
    deploy(upstream, "a", "v5", "five")
    deploy(upstream, "a", "v6", "six")
    with pytest.raises(BundleGapError) as refused:
        take(site, *send(upstream, tmp_path / "b2", since=known + 1))
    assert refused.value.since == known


def test_an_overlap_takes_what_is_new(upstream: Store, site: Store, tmp_path: Path) -> None:
    take(site, *send(upstream, tmp_path / "b1"))
    deploy(upstream, "a", "v5", "five")
    assert take(site, *send(upstream, tmp_path / "b2", since=2)).taken == 2
    assert content_of(site) == content_of(upstream)


def test_a_history_that_went_on_differently_is_refused(
    upstream: Store, site: Store, tmp_path: Path, clock: Ticking
) -> None:
    import shutil

    shutil.copytree(upstream.root, tmp_path / "backup", ignore=shutil.ignore_patterns("index*"))
    deploy(upstream, "a", "v5", "five")
    take(site, *send(upstream, tmp_path / "b1"))
    with Store.open(tmp_path / "backup", clock=clock) as restored:
        deploy(restored, "a", "v6", "six")
        with pytest.raises(BundleHistoryError):
            send(restored, tmp_path / "b2", to=site)
        deploy(restored, "a", "v7", "seven")
        with pytest.raises(BundleHistoryError):
            take(site, *send(restored, tmp_path / "b3"))


def test_a_stores_own_bundle_is_refused(upstream: Store, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError):
        take(upstream, *send(upstream, tmp_path / "b"))


def test_a_part_of_the_facts_is_followed_on_its_own(upstream: Store, site: Store, tmp_path: Path) -> None:
    chosen = Selection(project="q")
    take(site, *send(upstream, tmp_path / "b1", selection=chosen))
    assert [row[2] for row in content_of(site)] == ["b"]
    deploy(upstream, "a", "v7", "not chosen")
    deploy(upstream, "b", "v2", "chosen", project="q")
    assert take(site, *send(upstream, tmp_path / "b2", to=site, selection=chosen)).taken == 1
    take(site, *send(upstream, tmp_path / "b3", to=site))
    assert (content_of(site), facts_of(site)) == (content_of(upstream), facts_of(upstream))
    assert take(site, *send(upstream, tmp_path / "b4", to=site, selection=chosen)).taken == 0


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(project="p", latest=True), [("a", "v1"), ("a", "v2")]),
        (Selection(tasks=(Chosen("p", "development", "a", "v1"),)), [("a", "v1")]),
        (Selection(tasks=(Chosen("p", "development", "a"),)), [("a", "v1"), ("a", "v2")]),
        (Selection(domain="development", latest=True), [("a", "v1"), ("a", "v2"), ("b", "v1")]),
        (Selection(domain="production"), []),
    ],
)
def test_facts_are_chosen(
    upstream: Store, site: Store, tmp_path: Path, selection: Selection, expected: list[tuple[str, str]]
) -> None:
    """The newest version of `a` is v2, and its trigger `daily` starts v1."""
    take(site, *send(upstream, tmp_path / "b", selection=selection))
    assert [row[2:4] for row in content_of(site)] == expected


def test_an_immutable_store_lets_nobody_replace_a_version(upstream: Store, tmp_path: Path, clock: Ticking) -> None:
    with new_store(tmp_path / "site", clock, versions=VersionPolicy.IMMUTABLE) as site:
        take(site, *send(upstream, tmp_path / "b1"))
        assert ask(site, "SELECT count(DISTINCT digest) FROM task_revisions WHERE name = 'a' AND version = 'v1'") == [
            (1,)
        ]
        deploy(upstream, "a", "v1", "replaced", "daily")
        paths = send(upstream, tmp_path / "b2", to=site)
        for on_conflict in (OnConflict.REFUSE, OnConflict.THEIRS):
            with pytest.raises(BundleConflictError) as refused:
                take(site, *paths, on_conflict=on_conflict)
            assert [conflict.lasting for conflict in refused.value.conflicts] == [True]
        take(site, *paths, on_conflict=OnConflict.OURS)


def test_an_archived_project_takes_nothing_in_unasked(upstream: Store, site: Store, tmp_path: Path) -> None:
    take(site, *send(upstream, tmp_path / "b1"))
    site.archive_project("q")
    deploy(upstream, "b", "v2", "new", project="q")
    paths = send(upstream, tmp_path / "b2", to=site)
    with pytest.raises(BundleConflictError) as refused:
        take(site, *paths)
    assert [conflict.kind for conflict in refused.value.conflicts] == ["project"]
    assert take(site, *paths, on_conflict=OnConflict.OURS).taken == 0


def test_what_came_through_a_third_store_is_followed(
    upstream: Store, site: Store, tmp_path: Path, clock: Ticking
) -> None:
    take(site, *send(upstream, tmp_path / "b1"))
    with new_store(tmp_path / "cell", clock) as cell:
        take(cell, *send(site, tmp_path / "b2"))
        deploy(upstream, "a", "v8", "eight")
        assert take(cell, *send(upstream, tmp_path / "b3", to=cell)).taken == 2
        assert (content_of(cell), facts_of(cell)) == (content_of(upstream), facts_of(upstream))


def test_a_store_that_wants_signatures_takes_nothing_without(upstream: Store, tmp_path: Path, clock: Ticking) -> None:
    with new_store(tmp_path / "cell", clock, signatures=SignaturePolicy.REQUIRED) as cell:
        head = cell.journal.head()
        with pytest.raises(SignatureMissingError):
            take(cell, *send(upstream, tmp_path / "b"))
        assert cell.journal.head() == head


def test_a_bundle_mends_its_store(upstream: Store, tmp_path: Path) -> None:
    with opened(send(upstream, tmp_path / "b")) as (bundle,):
        donor = BundleDonor(upstream, bundle)
        wanted = set(list(upstream.blobs)[:2])
        assert dict(donor.blobs(wanted)) == {d: upstream.blobs.get(d) for d in wanted}
        assert list(donor.entries(2, 4)) == [upstream.journal.read(number) for number in (2, 3, 4)]
