"""What every Journal promises. A new implementation joins by a line in `IMPLEMENTATIONS`."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest

from taskstore.errors import AlreadyExistsError, InvalidInputError, LimitExceededError, NotFoundError
from taskstore.journal import Entry, FileJournal, Head, Journal
from taskstore.journal.changes import Change, ProjectAction, ProjectChange, SourceChange
from taskstore.journal.entry import encode, genesis
from taskstore.journal.limits import ENTRY_BYTES
from taskstore_specs.digest import Digest

IMPLEMENTATIONS = {"files": FileJournal}
STORE_ID = "8f14e45f-ceea-467f-a9d1-6f1d8a9a3c01"
EMPTY = Head(0, genesis(STORE_ID), None)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(params=IMPLEMENTATIONS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def journal(name: str, root: Path) -> Journal:
    return IMPLEMENTATIONS[name](root, STORE_ID)


def following(head: Head, at: datetime = NOON, description: str = "") -> Entry:
    """An entry that continues the chain after `head`."""
    change = ProjectChange(action=ProjectAction.CREATE, id=f"p{head.sequence + 1}", description=description)
    return Entry(head.sequence + 1, head.digest, at, "somebody", (change,))


def fill(journal: Journal, count: int) -> list[tuple[Entry, Digest]]:
    """Append `count` entries and give what reading them should."""
    head, written = journal.head(), []
    for _ in range(count):
        entry = following(head)
        head = journal.append(entry)
        written.append((entry, head.digest))
    return written


def test_an_empty_journal_ends_at_the_genesis_of_its_store(journal: Journal) -> None:
    assert journal.head() == EMPTY
    assert journal.head(EMPTY) == EMPTY
    assert list(journal.entries()) == []
    journal.settle(EMPTY)


def test_an_entry_comes_back_as_it_was_given(journal: Journal) -> None:
    entry = following(EMPTY)
    head = journal.append(entry)
    assert head == Head(1, Digest.of(encode(entry)), NOON)
    assert journal.read(1) == (entry, head.digest)
    assert journal.digest(1) == head.digest
    assert list(journal.entries()) == [(entry, head.digest)]
    assert journal.head() == journal.head(EMPTY) == journal.head(head) == head
    journal.settle(head)


def test_entries_come_back_in_order(journal: Journal) -> None:
    written = fill(journal, 20)
    assert list(journal.entries()) == written
    assert [entry.sequence for entry, _ in written] == list(range(1, 21))


def test_entries_go_on_from_a_head_seen_earlier(journal: Journal) -> None:
    written = fill(journal, 5)
    seen = journal.head()
    written += fill(journal, 7)
    assert list(journal.entries(seen)) == written[5:]
    assert list(journal.entries(journal.head())) == []
    assert journal.head(seen) == journal.head()


def test_another_instance_sees_the_entries_and_appends_to_them(journal: Journal, name: str, root: Path) -> None:
    written = fill(journal, 2)
    other = IMPLEMENTATIONS[name](root, STORE_ID)
    written += fill(other, 2)
    written += fill(journal, 2)
    assert list(journal.entries()) == list(other.entries()) == written


@pytest.mark.parametrize("sequence", [-1, 0, 3, 10**12, 10**30])
def test_a_number_that_no_entry_has_is_not_found(journal: Journal, sequence: int) -> None:
    fill(journal, 2)
    for question in (journal.read, journal.digest):
        with pytest.raises(NotFoundError):
            question(sequence)


def test_a_number_is_taken_once(journal: Journal, name: str, root: Path) -> None:
    other = IMPLEMENTATIONS[name](root, STORE_ID)
    written = fill(journal, 1)
    for late in (journal, other):
        with pytest.raises(AlreadyExistsError):
            late.append(following(EMPTY, description="late"))
    assert list(other.entries()) == written


@pytest.mark.parametrize(
    "changed",
    [
        {"sequence": 3},
        {"sequence": 5},
        {"previous": EMPTY.digest},
        {"committed_at": NOON - timedelta(microseconds=1)},
    ],
)
def test_an_entry_that_does_not_continue_the_chain_is_refused(journal: Journal, changed: dict[str, object]) -> None:
    written = fill(journal, 3)
    with pytest.raises((InvalidInputError, AlreadyExistsError)):
        journal.append(msgspec.structs.replace(following(journal.head()), **changed))
    assert list(journal.entries()) == written


def test_a_clock_that_stands_still_is_no_hindrance(journal: Journal) -> None:
    journal.append(following(EMPTY, NOON))
    journal.append(following(journal.head(), NOON))
    assert journal.head().sequence == 2


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=1))])
def test_a_time_that_is_not_in_utc_is_refused(journal: Journal, zone: timezone | None) -> None:
    with pytest.raises(InvalidInputError):
        journal.append(following(EMPTY, NOON.replace(tzinfo=zone)))
    assert journal.head() == EMPTY


@pytest.mark.parametrize(
    "change",
    [
        SourceChange(path="a.yaml", digest=Digest("not hexadecimal")),
        SourceChange(path="not text: \ud800", digest=EMPTY.digest),
    ],
)
def test_what_could_not_be_read_again_is_refused(journal: Journal, change: Change) -> None:
    with pytest.raises(InvalidInputError):
        journal.append(msgspec.structs.replace(following(EMPTY), changes=(change,)))
    assert journal.head() == EMPTY


def test_writers_that_race_without_a_lock_never_share_a_number(journal: Journal, name: str, root: Path) -> None:
    def write(by: str) -> None:
        mine, written = IMPLEMENTATIONS[name](root, STORE_ID), 0
        while written < 15:
            try:
                mine.append(msgspec.structs.replace(following(mine.head()), committed_by=by))
                written += 1
            except AlreadyExistsError:
                continue

    writers = ("a", "b", "c", "d")
    with ThreadPoolExecutor(len(writers)) as pool:
        list(pool.map(write, writers))
    assert Counter(entry.committed_by for entry, _ in journal.entries()) == dict.fromkeys(writers, 15)


def test_an_entry_is_put_back_as_it_was(journal: Journal, name: str, root: Path, tmp_path: Path) -> None:
    written = fill(journal, 3)
    copy = IMPLEMENTATIONS[name](tmp_path / "copy", STORE_ID)
    for entry, digest in reversed(written):
        copy.restore(entry, digest)
    assert list(copy.entries()) == written
    journal.restore(*written[1])
    assert list(journal.entries()) == written
    fill(journal, 1)


def test_an_entry_is_not_put_back_under_another_digest(journal: Journal) -> None:
    written = fill(journal, 2)
    with pytest.raises(InvalidInputError):
        journal.restore(written[0][0], written[1][1])
    assert list(journal.entries()) == written


def test_the_largest_entry_is_taken_and_one_byte_more_is_not(journal: Journal) -> None:
    room = ENTRY_BYTES - len(encode(following(EMPTY)))
    fitting = "x" * (room - len(',"description":""'))
    with pytest.raises(LimitExceededError):
        journal.append(following(EMPTY, description=fitting + "x"))
    assert journal.head() == EMPTY
    head = journal.append(following(EMPTY, description=fitting))
    assert journal.head() == head
    assert [digest for _, digest in journal.entries()] == [head.digest]
