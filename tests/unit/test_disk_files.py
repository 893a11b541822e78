"""Files that appear whole or not at all, and reading that no planted file can abuse."""

from __future__ import annotations

import errno
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from taskstore.disk.batch import FEW, replace_files
from taskstore.disk.files import create_file, file_size, read_file, replace_file
from taskstore.errors import (
    AlreadyExistsError,
    LimitExceededError,
    NotAFileError,
    NotFoundError,
    ReadOnlyError,
    StorageError,
)

MOST = 1 << 20


@pytest.fixture
def tmp(tmp_path: Path) -> Path:
    return tmp_path / "tmp"


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """A disk that takes no file over `size` bytes: a write beyond it fails with EFBIG, after a short one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 4096])
def test_a_created_file_holds_its_bytes_and_nothing_is_left_in_tmp(tmp_path: Path, tmp: Path, data: bytes) -> None:
    create_file(tmp_path / "f", data, tmp=tmp)
    assert (tmp_path / "f").read_bytes() == data
    assert (tmp_path / "f").stat().st_nlink == 1
    assert list(tmp.iterdir()) == []


def test_creating_over_a_file_changes_nothing(tmp_path: Path, tmp: Path) -> None:
    create_file(tmp_path / "f", b"first", tmp=tmp)
    with pytest.raises(AlreadyExistsError):
        create_file(tmp_path / "f", b"second", tmp=tmp)
    assert (tmp_path / "f").read_bytes() == b"first"
    assert list(tmp.iterdir()) == []


def test_creating_over_a_dangling_link_does_not_write_through_it(tmp_path: Path, tmp: Path) -> None:
    (tmp_path / "f").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AlreadyExistsError):
        create_file(tmp_path / "f", b"data", tmp=tmp)
    assert not (tmp_path / "elsewhere").exists()


def test_replacing_a_link_replaces_the_link_itself(tmp_path: Path, tmp: Path) -> None:
    (tmp_path / "target").write_bytes(b"untouched")
    (tmp_path / "f").symlink_to(tmp_path / "target")
    replace_file(tmp_path / "f", b"new", tmp=tmp)
    assert (tmp_path / "target").read_bytes() == b"untouched"
    assert not (tmp_path / "f").is_symlink()
    assert (tmp_path / "f").read_bytes() == b"new"


def test_a_folder_that_is_a_link_is_not_written_into(tmp_path: Path, tmp: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "folder").symlink_to(tmp_path / "outside")
    with pytest.raises(StorageError):
        create_file(tmp_path / "folder" / "f", b"data", tmp=tmp)
    with pytest.raises(StorageError):
        replace_files({tmp_path / "folder": {str(n): b"data" for n in range(FEW + 1)}}, tmp=tmp)
    assert list((tmp_path / "outside").iterdir()) == []
    assert list(tmp.iterdir()) == []


def test_a_tmp_that_is_a_link_is_not_used(tmp_path: Path, tmp: Path) -> None:
    (tmp_path / "outside").mkdir()
    tmp.symlink_to(tmp_path / "outside")
    with pytest.raises(StorageError):
        create_file(tmp_path / "f", b"data", tmp=tmp)
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("mask, mode", [(0o022, 0o444), (0o027, 0o440), (0o077, 0o400)])
def test_the_mode_is_narrowed_by_the_umask(tmp_path: Path, tmp: Path, mask: int, mode: int) -> None:
    with umask(mask):
        create_file(tmp_path / "one", b"data", tmp=tmp, mode=0o444)
        replace_files({tmp_path / "many": {str(n): b"data" for n in range(FEW + 1)}}, tmp=tmp, mode=0o444)
    for path in (tmp_path / "one", *(tmp_path / "many").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_write_that_fails_leaves_nothing_and_works_once_there_is_room(tmp_path: Path, tmp: Path) -> None:
    with largest_file(100), pytest.raises(StorageError) as raised:
        create_file(tmp_path / "f", b"x" * 101, tmp=tmp)
    assert raised.value.errno == errno.EFBIG
    assert not (tmp_path / "f").exists()
    assert list(tmp.iterdir()) == []
    create_file(tmp_path / "f", b"x" * 101, tmp=tmp)
    assert (tmp_path / "f").read_bytes() == b"x" * 101


def test_a_replacement_that_fails_keeps_the_old_bytes(tmp_path: Path, tmp: Path) -> None:
    replace_file(tmp_path / "f", b"old", tmp=tmp)
    with largest_file(100), pytest.raises(StorageError):
        replace_file(tmp_path / "f", b"x" * 101, tmp=tmp)
    assert (tmp_path / "f").read_bytes() == b"old"


@pytest.mark.parametrize("count", [0, 1, FEW, FEW + 1, 300])
def test_a_batch_makes_every_file_and_its_folders(tmp_path: Path, tmp: Path, count: int) -> None:
    folders = [tmp_path / "made" / str(n) for n in range(7)]
    contents = {
        folder: {str(n): str(n).encode() for n in range(count) if n % 7 == int(folder.name)} for folder in folders
    }
    replace_files(contents, tmp=tmp)
    for folder, files in contents.items():
        assert {name: (folder / name).read_bytes() for name in files} == files
    assert not tmp.exists() or list(tmp.iterdir()) == []


@pytest.mark.parametrize("count", [FEW, 50])
def test_a_batch_that_fails_leaves_no_temporary_file_and_no_name(tmp_path: Path, tmp: Path, count: int) -> None:
    contents = {tmp_path / "made": {str(n): b"x" * (101 if n == count - 1 else 1) for n in range(count)}}
    with largest_file(100), pytest.raises(StorageError):
        replace_files(contents, tmp=tmp)
    assert list((tmp_path / "made").iterdir()) == []
    assert list(tmp.iterdir()) == []


def test_reading_gives_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"data")
    assert read_file(tmp_path / "f", most=4) == b"data"


def test_reading_stops_at_the_bound(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"12345")
    with pytest.raises(LimitExceededError):
        read_file(tmp_path / "f", most=4)


def test_reading_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_file(tmp_path / "f", most=MOST)
    assert file_size(tmp_path / "f") is None


def test_a_link_is_read_only_when_asked_to_follow(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"data")
    (tmp_path / "f").symlink_to(tmp_path / "target")
    with pytest.raises(NotAFileError):
        read_file(tmp_path / "f", most=MOST)
    assert file_size(tmp_path / "f") is None
    assert read_file(tmp_path / "f", most=MOST, follow=True) == b"data"


def test_a_pipe_or_folder_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(NotAFileError):
            read_file(tmp_path / name, most=MOST)
        assert file_size(tmp_path / name) is None


def test_below_a_file_there_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"")
    with pytest.raises(NotAFileError):
        read_file(tmp_path / "f" / "g", most=MOST)
    assert file_size(tmp_path / "f" / "g") is None


def test_read_only_media_have_their_own_error(tmp_path: Path) -> None:
    from taskstore.disk.faults import storage_error

    error = storage_error("cannot write", tmp_path, OSError(errno.EROFS, "Read-only file system"))
    assert isinstance(error, ReadOnlyError)
    assert error.hint
