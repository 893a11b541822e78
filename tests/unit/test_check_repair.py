"""repair puts back what another store has, and nothing that does not belong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from taskstore import Digest, Format, Source, Store
from taskstore.check import Fsck, Kind, RepairReport, StoreDonor, repair
from taskstore.check.holes import Hole, find_holes, last_fitting
from taskstore.check.problem import Problem
from taskstore.journal.entry import Entry, Head, encode


def deploy(store: Store, name: str) -> None:
    """A task of that name."""
    request = {
        "taskId": {"project": "p", "domain": "d", "name": name, "version": "v1"},
        "spec": {"taskTemplate": {"container": {"image": name}}},
    }
    store.deploy([Source("m.json", json.dumps(request).encode(), Format.JSON)])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with five entries, of which `copy` is a copy."""
    with Store.init(tmp_path / "store", projects=["p"]) as made:
        for name in "abcd":
            deploy(made, name)
        shutil.copytree(made.root, tmp_path / "copy")
        yield made


@pytest.fixture
def copy(store: Store, tmp_path: Path) -> Iterator[Store]:
    """A good copy of `store`."""
    with Store.open(tmp_path / "copy") as opened:
        yield opened


def entry(store: Store, number: int) -> Path:
    """The file of an entry."""
    return store.root / f"journal/00000000/{number:012d}.json"


def flip(path: Path) -> None:
    """Change one bit of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


def forge(store: Store, number: int) -> None:
    """Put a whole entry in place of an entry: the same but for who committed it."""
    found, _ = store.journal.read(number)
    forged = Entry(found.sequence, found.previous, found.committed_at, "somebody else", found.changes)
    entry(store, number).unlink()
    entry(store, number).write_bytes(encode(forged))


def mend(store: Store, donor: Store) -> RepairReport:
    """Repair, after which there must be nothing left to repair, or the same as before."""
    report = repair(store, StoreDonor(donor))
    assert repair(store, StoreDonor(donor)) == RepairReport((), (), report.problems)
    return report


@pytest.mark.parametrize("spoil", [flip, Path.unlink, lambda path: flip(path) or path.write_bytes(b"")])
def test_blobs_are_put_back(store: Store, copy: Store, spoil: Callable[[Path], object]) -> None:
    lost = sorted(store.root.glob("objects/*/*"))[:3]
    for path in lost:
        spoil(path)
    report = mend(store, copy)
    assert (report.repaired, report.entries, report.problems) == (3, (), ())
    assert sorted(report.blobs) == sorted(Digest(path.name) for path in lost)
    assert Fsck(store).run().problems == ()


@pytest.mark.parametrize("numbers", [(1,), (3,), (5,), (1, 2, 3, 4, 5), (2, 3, 5), (4, 5)])
@pytest.mark.parametrize("spoil", [flip, Path.unlink])
def test_entries_are_put_back(
    store: Store, copy: Store, spoil: Callable[[Path], object], numbers: tuple[int, ...]
) -> None:
    store.close()
    for number in numbers:
        spoil(entry(store, number))
    with Store.open(store.root) as opened:
        assert mend(opened, copy) == RepairReport(numbers, (), ())
        assert Fsck(opened).run().problems == ()
    assert journal_bytes(store) == journal_bytes(copy)


@pytest.mark.parametrize("numbers", [(1,), (3,), (1, 2, 3, 4), (2, 4)])
def test_entries_that_somebody_rewrote_are_put_back(store: Store, copy: Store, numbers: tuple[int, ...]) -> None:
    for number in numbers:
        forge(store, number)
    assert mend(store, copy) == RepairReport(numbers, (), ())
    assert journal_bytes(store) == journal_bytes(copy)


def journal_bytes(store: Store) -> list[bytes]:
    """What is in each file of the journal."""
    return [path.read_bytes() for path in sorted(store.root.glob("journal/*/*"))]


@pytest.mark.parametrize("spoil", [flip, Path.unlink])
def test_deploying_something_again_puts_its_blob_back(store: Store, spoil: Callable[[Path], object]) -> None:
    for path in store.root.glob("objects/*/*"):
        spoil(path)
    head = store.journal.head()
    for name in "abcd":
        deploy(store, name)
    assert store.journal.head() == head
    assert Fsck(store).run().problems == ()


def test_storing_a_specification_or_bytes_again_puts_them_back(store: Store) -> None:
    spec = Source("s.json", b'{"taskTemplate":{"container":{"image":"alone"}}}', Format.JSON)
    for _ in range(2):
        store.put_spec(spec)
        store.put_blob("bundle.tgz", b"bytes", media_type="application/gzip")
        assert Fsck(store).run().problems == ()
        for digest in (store.put_spec(spec).digest, Digest.of(b"bytes")):
            flip(store.root / "objects" / digest.hex[:2] / digest.hex)


def test_blobs_that_only_a_lost_entry_names_are_put_back_too(store: Store, copy: Store) -> None:
    flip(entry(store, 3))
    for path in store.root.glob("objects/*/*"):
        path.unlink()
    report = mend(store, copy)
    assert (report.entries, len(report.blobs), report.problems) == ((3,), 4, ())


def test_what_the_donor_lacks_or_has_damaged_too_is_left_and_told_of(store: Store, copy: Store) -> None:
    first, second, *_ = sorted(store.root.glob("objects/*/*"))
    for path in (first, second, entry(store, 3)):
        flip(path)
    flip(copy.root / first.relative_to(store.root))
    entry(copy, 3).unlink()
    report = mend(store, copy)
    assert (report.entries, report.blobs) == ((), (Digest(second.name),))
    assert {problem.kind for problem in report.problems} == {Kind.ENTRY_DAMAGED, Kind.BLOB_DAMAGED}
    assert all(problem.repair for problem in report.problems)


def test_an_entry_of_another_store_is_not_taken(store: Store, tmp_path: Path) -> None:
    with Store.init(tmp_path / "other", projects=["p"]) as other:
        for name in "abcd":
            deploy(other, name)
        flip(entry(store, 3))
        before = entry(store, 3).read_bytes()
        report = mend(store, other)
    assert (report.entries, [problem.sequence for problem in report.problems]) == ((), [3])
    assert entry(store, 3).read_bytes() == before


def test_a_whole_store_is_left_alone(store: Store, copy: Store) -> None:
    assert mend(store, copy) == RepairReport((), (), ())


NOW = datetime(2026, 1, 1, tzinfo=UTC)
EMPTY = Head(0, Digest.of(b"id"), None)


def chain(length: int, by: str = "me") -> list[tuple[Entry, Digest]]:
    """Entries 1 to `length`, chained."""
    made: list[tuple[Entry, Digest]] = []
    previous = EMPTY.digest
    for number in range(1, length + 1):
        made.append((link := Entry(number, previous, NOW, by, ()), previous := Digest.of(encode(link))))
    return made


def test_a_hole_is_filled_whole_or_not_at_all() -> None:
    whole = chain(6)
    before = Head(2, whole[1][1], NOW)
    assert last_fitting(Hole(3, 5), before, whole[5][0], whole[2:5]) == 5
    assert last_fitting(Hole(3, 5), before, whole[5][0], whole[2:4]) is None
    assert last_fitting(Hole(3, 5), before, whole[5][0], []) is None
    assert last_fitting(Hole(3, 5), before, whole[5][0], chain(6, "them")[2:5]) is None
    assert last_fitting(Hole(3, 5), before, chain(6, "them")[5][0], whole[2:5]) is None


def test_at_the_end_what_continues_the_chain_is_taken() -> None:
    whole = chain(6)
    before = Head(2, whole[1][1], NOW)
    assert last_fitting(Hole(3, 6), before, None, whole[2:5]) == 5
    assert last_fitting(Hole(3, 6), before, None, [*whole[2:4], chain(6, "them")[4]]) == 4
    assert last_fitting(Hole(3, 6), before, None, chain(6, "them")[2:]) is None


def test_holes_are_joined() -> None:
    def problem(kind: Kind, first: int, last: int | None = None) -> Problem:
        return Problem(kind=kind, message="", repair="", sequence=first, last_sequence=last)

    found = [
        problem(Kind.ENTRY_MISSING, 10, 12),
        problem(Kind.ENTRY_DAMAGED, 13),
        problem(Kind.CHAIN_BROKEN, 7),
        problem(Kind.CHAIN_BROKEN, 8),
        problem(Kind.CHAIN_BROKEN, 1),
        Problem(kind=Kind.BLOB_MISSING, message="", repair="", digest=Digest.of(b"")),
    ]
    assert find_holes(found) == [Hole(1, 1), Hole(6, 8), Hole(10, 13)]
