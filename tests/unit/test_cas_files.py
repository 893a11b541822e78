"""Blobs as files: what the format says of them, and damage found and mended."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from taskstore.cas import FileBlobStore
from taskstore.errors import BlobDamagedError, BlobNotFoundError, StorageError
from taskstore_specs.digest import Digest

DATA = b"a specification"
DIGEST = Digest.of(DATA)


@pytest.fixture
def store(tmp_path: Path) -> FileBlobStore:
    return FileBlobStore(tmp_path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "objects" / DIGEST.hex[:2] / DIGEST.hex


def overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def test_a_blob_is_a_read_only_file_named_by_its_digest(store: FileBlobStore, path: Path) -> None:
    before = os.umask(0o022)
    try:
        store.put(DATA)
    finally:
        os.umask(before)
    assert path.read_bytes() == DATA
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_a_blob_that_is_there_is_not_written_again(store: FileBlobStore, path: Path) -> None:
    store.put(DATA)
    before = path.stat()
    assert store.put_many({DIGEST: DATA}) == 0
    assert path.stat() == before


@pytest.mark.parametrize(
    "damaged",
    [b"", DATA[:-1], DATA + b"\n", b"A" + DATA[1:], bytes(len(DATA))],
    ids=["empty", "short", "long", "flip", "zero"],
)
def test_a_damaged_blob_is_never_served_and_is_mended_by_storing_it_again(
    store: FileBlobStore, path: Path, damaged: bytes
) -> None:
    store.put(DATA)
    overwrite(path, damaged)
    with pytest.raises(BlobDamagedError) as raised:
        store.get(DIGEST)
    assert (raised.value.digest, raised.value.path) == (DIGEST, path)
    assert store.put_many({DIGEST: DATA}) == 1
    assert store.get(DIGEST) == DATA


def test_a_link_in_a_blobs_place_is_not_followed_and_is_replaced(
    store: FileBlobStore, path: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").write_bytes(DATA)
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "elsewhere")
    assert not store.contains(DIGEST)
    with pytest.raises(BlobDamagedError):
        store.get(DIGEST)
    with pytest.raises(BlobNotFoundError):
        store.size(DIGEST)
    store.put(DATA)
    assert not path.is_symlink()
    assert store.get(DIGEST) == DATA


def test_a_pipe_in_a_blobs_place_is_replaced_without_waiting(store: FileBlobStore, path: Path) -> None:
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    store.put(DATA)
    assert store.get(DIGEST) == DATA


def test_a_folder_in_a_blobs_place_is_an_error(store: FileBlobStore, path: Path, tmp_path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StorageError):
        store.put(DATA)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_foreign_names_are_passed_over(store: FileBlobStore, tmp_path: Path) -> None:
    store.put(DATA)
    objects = tmp_path / "objects"
    for foreign in ("README", "lost+found/x", f"zz/{DIGEST.hex}", f"{'0' * 2}/{DIGEST.hex}", f"{DIGEST.hex[:2]}/.nfs1"):
        (objects / foreign).parent.mkdir(exist_ok=True)
        (objects / foreign).write_bytes(b"foreign")
    assert list(store) == [DIGEST]


def test_a_lost_tmp_folder_is_made_anew(store: FileBlobStore, tmp_path: Path) -> None:
    store.put(b"first")
    (tmp_path / "tmp").rmdir()
    assert store.get(store.put(DATA)) == DATA
