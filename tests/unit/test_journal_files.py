"""The journal as files: what the format says of them, and damage found."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from taskstore.errors import JournalDamagedError
from taskstore.journal import Entry, FileJournal, Head
from taskstore.journal.changes import ProjectAction, ProjectChange
from taskstore.journal.entry import encode, genesis
from taskstore.journal.numbering import path_of
from taskstore_specs.digest import Digest

STORE_ID = "8f14e45f-ceea-467f-a9d1-6f1d8a9a3c01"
EMPTY = Head(0, genesis(STORE_ID), None)
CHANGE = ProjectChange(action=ProjectAction.UPDATE, id="p")


@pytest.fixture
def journal(tmp_path: Path) -> FileJournal:
    return FileJournal(tmp_path, STORE_ID)


def next_entry(head: Head) -> Entry:
    at = datetime(2026, 1, 1, 0, 0, min(head.sequence, 59), tzinfo=UTC)
    return Entry(head.sequence + 1, head.digest, at, "me", (CHANGE,))


def fill(journal: FileJournal, count: int) -> Head:
    head = journal.head()
    for _ in range(count):
        head = journal.append(next_entry(head))
    return head


def file_of(root: Path, sequence: int) -> Path:
    return root / "journal" / path_of(sequence)


def plant(root: Path, count: int) -> Head:
    """Write the files of a journal of `count` entries, quickly."""
    head = EMPTY
    for _ in range(count):
        data = encode(next_entry(head))
        path = file_of(root, head.sequence + 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        head = Head(head.sequence + 1, Digest.of(data), next_entry(head).committed_at)
    return head


def test_an_entry_is_a_read_only_file(journal: FileJournal, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        head = fill(journal, 1)
    finally:
        os.umask(before)
    path = tmp_path / "journal" / "00000000" / "000000000001.json"
    assert Digest.of(path.read_bytes()) == head.digest
    assert stat.S_IMODE(path.stat().st_mode) == 0o440


def test_entry_ten_thousand_opens_the_next_folder(journal: FileJournal, tmp_path: Path) -> None:
    planted = plant(tmp_path, 9_999)
    assert journal.head() == planted
    head = fill(journal, 2)
    assert sorted(path.name for path in (tmp_path / "journal" / "00000001").iterdir()) == [
        "000000010000.json",
        "000000010001.json",
    ]
    journal.settle(head)
    assert FileJournal(tmp_path, STORE_ID).head() == journal.head(planted) == head
    assert sum(1 for _ in journal.entries()) == 10_001


def test_an_empty_last_folder_is_passed_over(journal: FileJournal, tmp_path: Path) -> None:
    head = fill(journal, 2)
    (tmp_path / "journal" / "00000001").mkdir()
    assert journal.head() == head
    journal.settle(head)


def test_foreign_names_are_passed_over(journal: FileJournal, tmp_path: Path) -> None:
    head = fill(journal, 2)
    folder = tmp_path / "journal" / "00000000"
    for foreign in ("000000000003.json.part", "000000010000.json", "zzz", "000000000000.json"):
        (folder / foreign).write_bytes(b"foreign")
    (tmp_path / "journal" / "README").write_bytes(b"foreign")
    assert journal.head() == head
    assert sum(1 for _ in journal.entries()) == 2


def test_the_journal_of_another_store_is_damaged(journal: FileJournal, tmp_path: Path) -> None:
    fill(journal, 1)
    with pytest.raises(JournalDamagedError):
        list(FileJournal(tmp_path, "another id").entries())


def remove(path: Path) -> None:
    path.unlink()


def link(path: Path) -> None:
    path.rename(path.parent / "elsewhere")
    path.symlink_to(path.parent / "elsewhere")


def make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def reseal(path: Path) -> None:
    """A forger's entry: whole in itself, but not what the next one names."""
    path.unlink()
    path.write_bytes(encode(Entry(2, Digest.of(b"forged"), datetime(2026, 1, 1, tzinfo=UTC), "mallory", ())))


@pytest.mark.parametrize("damage", [remove, link, make_a_folder, reseal])
def test_a_damaged_entry_in_the_middle_is_named(
    journal: FileJournal, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    fill(journal, 3)
    damage(file_of(tmp_path, 2))
    seen = []
    with pytest.raises(JournalDamagedError) as raised:
        seen += [entry.sequence for entry, _ in journal.entries()]
    assert raised.value.sequence == 2


@pytest.mark.parametrize("damage", [remove, link, reseal])
def test_a_damaged_entry_is_mended_by_putting_it_back(
    journal: FileJournal, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    fill(journal, 3)
    written = list(journal.entries())
    damage(file_of(tmp_path, 2))
    journal.restore(*written[1])
    assert list(journal.entries()) == written
    assert not file_of(tmp_path, 2).is_symlink()


def test_entries_before_the_damage_are_given(journal: FileJournal, tmp_path: Path) -> None:
    fill(journal, 3)
    file_of(tmp_path, 3).unlink()
    file_of(tmp_path, 3).write_bytes(b"")
    entries = journal.entries()
    assert [next(entries)[0].sequence, next(entries)[0].sequence] == [1, 2]
    with pytest.raises(JournalDamagedError):
        next(entries)


def test_history_rewritten_below_a_known_head_is_found_at_the_next_entry(journal: FileJournal, tmp_path: Path) -> None:
    known = fill(journal, 2)
    for sequence in (1, 2):
        file_of(tmp_path, sequence).unlink()
    other = Head(0, EMPTY.digest, None)
    for _ in range(3):
        entry = Entry(other.sequence + 1, other.digest, datetime(2026, 1, 2, tzinfo=UTC), "mallory", ())
        file_of(tmp_path, entry.sequence).write_bytes(encode(entry))
        other = Head(entry.sequence, Digest.of(encode(entry)), entry.committed_at)
    with pytest.raises(JournalDamagedError) as raised:
        list(journal.entries(known))
    assert raised.value.sequence == 3


def test_time_that_goes_back_is_found(journal: FileJournal, tmp_path: Path) -> None:
    head = fill(journal, 2)
    entry = Entry(3, head.digest, datetime(2025, 1, 1, tzinfo=UTC), "me", (CHANGE,))
    file_of(tmp_path, 3).write_bytes(encode(entry))
    with pytest.raises(JournalDamagedError) as raised:
        list(journal.entries())
    assert raised.value.sequence == 3


@pytest.mark.parametrize("is_new", [True, False])
def test_a_link_planted_at_the_next_number_is_damage(journal: FileJournal, tmp_path: Path, is_new: bool) -> None:
    head = fill(journal, 2)
    file_of(tmp_path, 3).symlink_to(tmp_path / "elsewhere")
    writer = FileJournal(tmp_path, STORE_ID) if is_new else journal
    with pytest.raises(JournalDamagedError) as raised:
        writer.append(next_entry(head))
    assert raised.value.sequence == 3
    assert not (tmp_path / "elsewhere").exists()


def test_nothing_is_appended_after_a_damaged_last_entry(journal: FileJournal, tmp_path: Path) -> None:
    head = fill(journal, 2)
    file_of(tmp_path, 2).chmod(0o644)
    file_of(tmp_path, 2).write_bytes(b"{}")
    with pytest.raises(JournalDamagedError):
        FileJournal(tmp_path, STORE_ID).append(next_entry(head))
    assert not file_of(tmp_path, 3).exists()
