"""What every BlobStore promises. A new implementation joins by a line in `IMPLEMENTATIONS`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from taskstore.cas import BlobStore, FileBlobStore
from taskstore.cas.limits import BLOB_BYTES
from taskstore.errors import BlobNotFoundError, InvalidInputError, LimitExceededError
from taskstore_specs.digest import Digest

IMPLEMENTATIONS = {"files": FileBlobStore}
ABSENT = Digest.of(b"never stored")


@pytest.fixture(params=IMPLEMENTATIONS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(name: str, root: Path) -> BlobStore:
    return IMPLEMENTATIONS[name](root)


def by_digest(*blobs: bytes) -> dict[Digest, bytes]:
    return {Digest.of(blob): blob for blob in blobs}


@pytest.mark.parametrize("data", [b"", b"\0", b"text", bytes(range(256)) * 1000])
def test_a_blob_comes_back_by_its_digest(store: BlobStore, data: bytes) -> None:
    digest = store.put(data)
    assert digest == Digest.of(data)
    assert store.get(digest) == data
    assert store.size(digest) == len(data)
    assert store.contains(digest)


def test_what_was_never_stored_is_not_found(store: BlobStore) -> None:
    store.put(b"something else")
    assert not store.contains(ABSENT)
    for look in (store.get, store.size):
        with pytest.raises(BlobNotFoundError) as raised:
            look(ABSENT)
        assert raised.value.digest == ABSENT


def test_an_empty_store_has_no_blobs(store: BlobStore) -> None:
    assert list(store) == []
    assert not store.contains(ABSENT)


def test_storing_a_blob_again_changes_nothing(store: BlobStore) -> None:
    digest = store.put(b"data")
    assert store.put(b"data") == digest
    assert list(store) == [digest]


@pytest.mark.parametrize("count", [0, 1, 5, 700])
def test_many_blobs_are_stored_and_listed_in_order(store: BlobStore, count: int) -> None:
    blobs = by_digest(*(str(number).encode() for number in range(count)))
    assert store.put_many(blobs) == count
    assert {digest: store.get(digest) for digest in store} == blobs
    assert list(store) == sorted(blobs)


def test_only_what_was_missing_counts_as_stored(store: BlobStore) -> None:
    store.put(b"0")
    assert store.put_many(by_digest(b"0", b"1", b"2")) == 2
    assert store.put_many(by_digest(b"0", b"1", b"2")) == 0


def test_bytes_of_another_digest_are_refused_with_all_that_came_with_them(store: BlobStore) -> None:
    with pytest.raises(InvalidInputError):
        store.put_many(by_digest(b"good") | {ABSENT: b"other bytes"})
    assert list(store) == []


def test_writers_that_race_for_the_same_blobs_all_succeed(store: BlobStore) -> None:
    blobs = by_digest(*(str(number).encode() for number in range(40)))
    with ThreadPoolExecutor(4) as pool:
        stored = list(pool.map(lambda _: store.put_many(blobs), range(4)))
    assert max(stored) <= len(blobs) <= sum(stored)
    assert {digest: store.get(digest) for digest in store} == blobs


def test_another_instance_sees_the_blobs(store: BlobStore, name: str, root: Path) -> None:
    digest = store.put(b"data")
    assert IMPLEMENTATIONS[name](root).get(digest) == b"data"


def test_the_largest_blob_is_stored_and_one_byte_more_is_not(store: BlobStore) -> None:
    largest = bytes(BLOB_BYTES)
    assert store.get(store.put(largest)) == largest
    with pytest.raises(LimitExceededError):
        store.put(largest + b"x")
    assert list(store) == [Digest.of(largest)]
