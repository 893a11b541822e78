"""Folders are made with those above them, and listed in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskstore.disk.folders import create_folder, list_folder, names_in
from taskstore.errors import StorageError


def test_missing_folders_are_made_down_to_the_last(tmp_path: Path) -> None:
    create_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "f").write_bytes(b"")
    create_folder(tmp_path / "a")
    assert list_folder(tmp_path / "a") == ["f"]


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"kept")
    for path in (tmp_path / "a", tmp_path / "a" / "b"):
        with pytest.raises(StorageError):
            create_folder(path)
    assert (tmp_path / "a").read_bytes() == b"kept"


def test_names_are_listed_in_order(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / name).mkdir()
    assert list_folder(tmp_path) == ["a", "b", "c"]


def test_a_missing_folder_holds_no_names(tmp_path: Path) -> None:
    assert list_folder(tmp_path / "missing") == []


def test_names_are_told_apart_from_those_that_nothing_has(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nothing")
    assert names_in(tmp_path, ["file", "link", "other"]) == {"file", "link"}
    assert names_in(tmp_path / "missing", ["file"]) == set()
    with pytest.raises(StorageError):
        names_in(tmp_path / "link", ["file"])


def test_a_file_cannot_be_listed(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"")
    with pytest.raises(StorageError):
        list_folder(tmp_path / "f")
