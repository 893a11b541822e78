"""No flipped bit and no cut in a journal or a blob goes unseen."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskstore.cas import FileBlobStore
from taskstore.errors import BlobDamagedError, JournalDamagedError
from taskstore.journal import Entry, FileJournal, Head
from taskstore.journal.changes import ProjectAction, ProjectChange, SourceChange
from taskstore.journal.entry import decode, encode, genesis
from taskstore.journal.numbering import path_of
from taskstore_specs.digest import Digest

STORE_ID = "8f14e45f-ceea-467f-a9d1-6f1d8a9a3c01"
ENTRIES = 3

KEYS = [
    "sequence",
    "previous",
    "committed_at",
    "committed_by",
    "changes",
    "format",
    "kind",
    "action",
    "id",
    "digest",
    "at",
]
TEXTS = ["project", "CREATE", "spec", "2026-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", f"blake3:{'0' * 64}"]


def make_journal(root: Path, count: int = ENTRIES) -> FileJournal:
    """A journal of `count` entries, written without waiting for the disk."""
    head = Head(0, genesis(STORE_ID), None)
    for number in range(1, count + 1):
        change = ProjectChange(action=ProjectAction.CREATE, id=f"p{number}", description="Ä")
        data = encode(Entry(number, head.digest, datetime(2026, 1, 1, tzinfo=UTC), "me", (change,)))
        path = root / "journal" / path_of(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        head = Head(number, Digest.of(data), None)
    return FileJournal(root, STORE_ID)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: thousands of damaged files are written."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def flips_and_cuts(data: bytes) -> Iterator[bytes]:
    """`data` with each bit flipped, and cut to each shorter length."""
    for place in range(len(data)):
        for bit in range(8):
            yield data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]
        yield data[:place]


@pytest.mark.parametrize("sequence", range(1, ENTRIES + 1))
def test_every_flipped_bit_and_every_cut_of_an_entry_is_found(folder: Path, sequence: int) -> None:
    journal = make_journal(folder)
    path = folder / "journal" / path_of(sequence)
    whole = path.read_bytes()
    for damaged in flips_and_cuts(whole):
        path.write_bytes(damaged)
        with pytest.raises(JournalDamagedError):
            list(journal.entries())
    path.write_bytes(whole)
    assert sum(1 for _ in journal.entries()) == ENTRIES


def test_every_flipped_bit_and_every_cut_of_a_blob_is_found(folder: Path) -> None:
    store = FileBlobStore(folder)
    whole = bytes(range(256))
    digest = store.put(whole)
    path = folder / "objects" / digest.hex[:2] / digest.hex
    path.chmod(0o644)
    for damaged in flips_and_cuts(whole):
        path.write_bytes(damaged)
        with pytest.raises(BlobDamagedError):
            store.get(digest)


@given(data=st.binary(max_size=300))
def test_arbitrary_bytes_are_no_entry(data: bytes) -> None:
    with pytest.raises(JournalDamagedError):
        decode(data, 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(TEXTS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=20,
)


@given(body=st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON)))
def test_json_that_carries_its_own_sum_is_read_or_damaged(body: dict[str, object]) -> None:
    opened = json.dumps(body, sort_keys=True).encode()[:-1]
    data = opened + b',"sum":"' + str(Digest.of(opened + b"}")).encode() + b'"}'
    try:
        assert decode(data, 1).sequence == 1
    except JournalDamagedError as error:
        assert error.sequence == 1


@given(
    sequence=st.integers(1, 10**12 - 1),
    at=st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)),
    by=st.text(),
    paths=st.lists(st.text(), max_size=3),
)
def test_an_entry_is_read_as_it_was_written(sequence: int, at: datetime, by: str, paths: list[str]) -> None:
    changes = tuple(SourceChange(path=path, digest=Digest.of(path.encode())) for path in paths)
    entry = Entry(sequence, Digest.of(b"previous"), at, by, changes)
    assert decode(encode(entry), sequence) == entry


@given(lost=st.sets(st.integers(1, 8), min_size=1))
@settings(max_examples=50)
def test_missing_entries_are_found_at_the_first_of_them(lost: set[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        journal = make_journal(Path(name), count=9)
        for sequence in lost:
            (Path(name) / "journal" / path_of(sequence)).unlink()
        with pytest.raises(JournalDamagedError) as raised:
            list(journal.entries())
    assert raised.value.sequence == min(lost)
