"""fsck finds each kind of damage, names what needs the damaged object, and tells the command that repairs it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taskstore import Digest, Format, Source, Store
from taskstore.check import Expectation, Fsck, FsckReport, Kind, Problem
from taskstore.check.position import FILE_NAME, Phase


def manifest(name: str, version: str, image: str = "i", triggers: tuple[str, ...] = ()) -> Source:
    """A task with these triggers."""
    request = {
        "taskId": {"project": "p", "domain": "d", "name": name, "version": version},
        "spec": {"taskTemplate": {"container": {"image": image}}},
        "triggers": [
            {
                "name": trigger,
                "spec": {"active": True},
                "automationSpec": {"schedule": {"cron": {"expression": "@daily"}}},
            }
            for trigger in triggers
        ],
    }
    return Source(f"{name}.json", json.dumps(request).encode(), Format.JSON)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with four entries: a project, then a task in two versions, then another content of the first."""
    with Store.init(tmp_path / "store", projects=["p"]) as made:
        made.deploy([manifest("a", "v1", "one", ("nightly",))])
        made.deploy([manifest("a", "v2", "two", ("nightly", "hourly"))])
        made.deploy([manifest("a", "v1", "three", ("hourly",))])
        yield made


def fsck(store: Store, **options: Any) -> tuple[Problem, ...]:
    """What a check of everything finds."""
    return Fsck(store, **options).run().problems


def kinds(store: Store, **options: Any) -> list[Kind]:
    """As `fsck`, the kinds only."""
    return [problem.kind for problem in fsck(store, **options)]


def entry(store: Store, number: int) -> Path:
    """The file of an entry."""
    return store.root / f"journal/00000000/{number:012d}.json"


def blob(store: Store, digest: Digest) -> Path:
    """The file of a blob."""
    return store.root / "objects" / digest.hex[:2] / digest.hex


def digest_of(store: Store, version: str, revision: int = 0) -> Digest:
    """What a version points at, or pointed at in that revision."""
    query = "SELECT digest FROM task_revisions WHERE version = ? AND ? IN (revision, 0) ORDER BY revision DESC"
    with store.index.read() as connection:
        return Digest.parse(connection.execute(query, [version, revision]).fetchall()[0][0])


def flip(path: Path, place: int = 0) -> None:
    """Change one bit of a file."""
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


def test_a_whole_store_has_no_problem_and_all_of_it_is_counted(store: Store) -> None:
    report = Fsck(store).run()
    assert report.problems == ()
    assert report.complete
    assert (report.checked.entries, report.checked.blobs, report.checked.indexed) == (4, 3, 4)
    assert report.checked.bytes > 0


def test_a_damaged_blob_is_found_with_the_version_and_the_triggers_that_need_it(store: Store) -> None:
    damaged = digest_of(store, "v1")
    flip(blob(store, damaged))
    [problem] = fsck(store)
    assert (problem.kind, problem.digest) == (Kind.BLOB_DAMAGED, damaged)
    assert problem.affects == ("p/d/a@v1", "p/d/a@v1 trigger hourly")
    assert problem.repair == f"taskstore repair --store {store.root} --from STORE"


def test_a_missing_blob_of_an_earlier_revision_names_the_revision(store: Store) -> None:
    missing = digest_of(store, "v1", revision=1)
    blob(store, missing).unlink()
    for quick in (True, False):
        [problem] = fsck(store, quick=quick)
        assert (problem.kind, problem.digest, problem.affects) == (Kind.BLOB_MISSING, missing, ("p/d/a@v1 revision 1",))


def test_quick_looks_at_sizes_and_not_into_blobs(store: Store) -> None:
    flip(blob(store, digest_of(store, "v1")))
    assert kinds(store, quick=True) == []
    blob(store, digest_of(store, "v2")).write_bytes(b"")
    assert kinds(store, quick=True) == [Kind.BLOB_DAMAGED]


def test_a_damaged_blob_that_nothing_needs_can_be_collected(store: Store) -> None:
    flip(blob(store, store.blobs.put(b"unnamed")))
    [problem] = fsck(store)
    assert (problem.kind, problem.affects) == (Kind.BLOB_DAMAGED, ())
    assert problem.repair == f"taskstore gc --store {store.root} --grace 0s"


def test_a_damaged_entry_is_found_with_the_versions_that_it_recorded(store: Store) -> None:
    flip(entry(store, 3), 40)
    [problem] = fsck(store)
    assert (problem.kind, problem.sequence, problem.affects) == (Kind.ENTRY_DAMAGED, 3, ("p/d/a@v2",))


def test_missing_entries_are_one_problem_and_those_after_them_are_still_looked_at(store: Store) -> None:
    entry(store, 1).unlink()
    entry(store, 2).unlink()
    flip(entry(store, 4), 40)
    missing, damaged = fsck(store)
    assert (missing.kind, missing.sequence, missing.last_sequence) == (Kind.ENTRY_MISSING, 1, 2)
    assert (damaged.kind, damaged.sequence) == (Kind.ENTRY_DAMAGED, 4)


def test_an_entry_of_another_history_breaks_the_chain(store: Store, tmp_path: Path) -> None:
    with Store.init(tmp_path / "other", projects=["p"]) as other:
        other.deploy([manifest("a", "v1")])
        entry(store, 2).unlink()
        entry(store, 2).write_bytes(entry(other, 2).read_bytes())
    assert [(problem.kind, problem.sequence) for problem in fsck(store) if problem.kind is Kind.CHAIN_BROKEN] == [
        (Kind.CHAIN_BROKEN, 2),
        (Kind.CHAIN_BROKEN, 3),
    ]


def test_a_planted_entry_far_ahead_costs_nothing(store: Store) -> None:
    planted = store.root / "journal/00099999/000999999999.json"
    planted.parent.mkdir()
    planted.write_bytes(b"{}")
    assert kinds(store, quick=True) == [Kind.ENTRY_MISSING, Kind.ENTRY_DAMAGED]


def test_a_head_noted_earlier_proves_the_history_up_to_it(store: Store) -> None:
    noted, digest = store.status().sequence, store.status().digest
    store.deploy([manifest("b", "v1")])
    assert fsck(store, expected=Expectation(noted, digest)) == ()
    assert kinds(store, expected=Expectation(noted, Digest.of(b"another"))) == [Kind.HEAD_UNEXPECTED]


def test_a_journal_that_lost_its_end_is_found_by_the_index(store: Store) -> None:
    store.close()
    entry(store, 4).unlink()
    entry(store, 3).unlink()
    with Store.open(store.root) as opened:
        problem, *_ = fsck(opened)
    assert (problem.kind, problem.sequence, problem.last_sequence) == (Kind.ENTRY_MISSING, 3, 4)


def test_a_journal_that_lost_its_end_is_found_by_the_head_noted_earlier(store: Store) -> None:
    head = store.status()
    store.close()
    entry(store, 4).unlink()
    (store.root / "index.duckdb").unlink()
    problem, *_ = fsck(store, expected=Expectation(head.sequence, head.digest))
    assert (problem.kind, problem.sequence) == (Kind.HEAD_UNEXPECTED, 4)


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("task_revisions", "UPDATE task_revisions SET digest = 'x' WHERE sequence = 3"),
        ("task_versions", "UPDATE task_versions SET environment = 'x' WHERE version = 'v2'"),
        ("tasks", "DELETE FROM tasks"),
        ("triggers", "UPDATE triggers SET paused = true"),
        ("journal", "DELETE FROM journal WHERE sequence = 2"),
        ("project_revisions", "INSERT INTO project_revisions SELECT * REPLACE (9 AS position) FROM project_revisions"),
    ],
)
def test_each_row_of_the_index_is_held_against_the_journal(store: Store, table: str, statement: str) -> None:
    with store.index.write() as writer:
        writer.connection.execute(statement)
    store.close()
    problems = fsck(store)
    assert {problem.kind for problem in problems} == {Kind.INDEX_DIFFERS}
    assert any(f"table {table}" in problem.message for problem in problems)
    assert {problem.repair for problem in problems} == {f"taskstore rebuild --store {store.root}"}
    store.rebuild()
    assert fsck(store) == ()


def test_files_that_are_no_part_of_a_store_are_told_and_can_be_set_aside(store: Store) -> None:
    for path in ("objects/notes.txt", "objects/ab/short", "journal/00000000/1.json"):
        (store.root / path).parent.mkdir(exist_ok=True)
        (store.root / path).write_bytes(b"")
    (store.root / "objects/cd").symlink_to(store.root)
    found = fsck(store)
    assert [problem.kind for problem in found] == [Kind.FOREIGN_FILE] * 4
    for problem in found:
        assert os.system(problem.repair) == 0
    assert fsck(store) == ()


def test_what_everybody_can_write_is_told_and_can_be_shut(store: Store) -> None:
    for path in (store.root, store.root / "objects", entry(store, 1), store.root / "taskstore.json"):
        path.chmod(path.stat().st_mode | 0o002)
    found = fsck(store)
    assert [problem.kind for problem in found] == [Kind.EXPOSED] * 4
    for problem in found:
        assert os.system(problem.repair) == 0
    assert fsck(store) == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="optional: only the superuser gives files away")
def test_what_belongs_to_somebody_unexpected_is_told_and_can_be_taken_back(store: Store) -> None:
    os.chown(entry(store, 2), 12345, -1)
    [problem] = fsck(store)
    assert (problem.kind, problem.path) == (Kind.EXPOSED, entry(store, 2))
    assert os.system(problem.repair) == 0
    assert fsck(store) == ()


def test_a_budget_goes_on_from_where_it_stopped_until_all_is_done(store: Store) -> None:
    flip(blob(store, digest_of(store, "v1")))
    reports: list[FsckReport] = []
    while not reports or not reports[-1].complete:
        reports.append(Fsck(store).run(budget=0.0))
        assert len(reports) < 20
    assert sum(report.checked.entries for report in reports) == 4
    assert sum(report.checked.blobs for report in reports) == 3
    assert sum(report.checked.indexed for report in reports) == 4
    assert [problem.kind for report in reports for problem in report.problems] == [Kind.BLOB_DAMAGED]
    assert Fsck(store).run(budget=60.0).checked.entries == 4


@pytest.mark.parametrize("content", [b"", b"{", b'{"phase":"moon"}', b'{"phase":"blobs","after":7}', b"\xff" * 5000])
def test_a_damaged_note_of_where_it_stopped_means_the_start(store: Store, content: bytes) -> None:
    (store.root / FILE_NAME).write_bytes(content)
    assert Fsck(store).run(budget=60.0).checked.entries == 4


def test_progress_goes_from_phase_to_phase_and_up(store: Store) -> None:
    seen: list[tuple[Phase, float]] = []
    Fsck(store).run(watch=lambda phase, part: seen.append((phase, part)))
    order: Callable[[tuple[Phase, float]], Any] = lambda step: (list(Phase).index(step[0]), step[1])  # noqa: E731
    assert seen == sorted(seen, key=order)
    assert {phase for phase, _ in seen} == set(Phase)


def test_a_store_that_is_being_written_to_has_no_problem(store: Store) -> None:
    check = Fsck(store)
    steps = check.examine(Phase.JOURNAL, Phase.BLOBS, Phase.INDEX)
    for number in range(5):
        store.deploy([manifest(f"new{number}", "v1", f"new{number}")])
    assert list(steps) == []
