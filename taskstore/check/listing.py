"""What lies in `objects/` and `journal/`, by what its name says it is; nothing is read and no link followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from taskstore.cas import sharding
from taskstore.disk.faults import storage_errors
from taskstore.disk.folders import list_folder
from taskstore.journal import numbering
from taskstore_specs.digest import Digest

Name = TypeVar("Name", Digest, int)


class Found(msgspec.Struct, Generic[Name], frozen=True):
    """A file or folder. `name` is the digest or number of a regular file in its place, else None.

    `is_foreign` tells what is neither such a file nor a folder for them.
    """

    path: Path
    status: os.stat_result
    name: Name | None
    is_foreign: bool


def list_blobs(root: Path, after: str = "") -> Iterator[Found[Digest]]:
    """Everything in the store's `objects/`, its folders too, in order of name, from the hex digits `after` on."""

    def is_wanted(shard: str) -> bool:
        return not sharding.is_shard(shard) or shard >= after[:2]

    for found in _list(root / "objects", sharding.is_shard, sharding.digest_of_name, is_wanted):
        if found.name is None or found.name.hex > after:
            yield found


def list_entries(root: Path, after: int = 0) -> Iterator[Found[int]]:
    """Everything in the store's `journal/`, its folders too, in order of number, from the entry after `after` on."""

    def is_wanted(folder: str) -> bool:
        return not numbering.is_folder(folder) or folder >= numbering.folder_of(after)

    for found in _list(root / "journal", numbering.is_folder, numbering.sequence_of, is_wanted):
        if found.name is None or found.name > after:
            yield found


def last_number(root: Path) -> int:
    """The highest number that a file of the store's `journal/` has, readable or not; 0 if none has."""
    for folder in reversed(list_folder(root / "journal")):
        numbers = [numbering.sequence_of(folder, name) for name in list_folder(root / "journal" / folder)]
        if any(numbers):
            return max(filter(None, numbers))
    return 0


def _list(
    top: Path,
    is_folder: Callable[[str], bool],
    name_of: Callable[[str, str], Name | None],
    is_wanted: Callable[[str], bool],
) -> Iterator[Found[Name]]:
    for folder in filter(is_wanted, list_folder(top)):
        status = _look_at(top / folder)
        if status is None:
            continue
        belongs = is_folder(folder) and stat.S_ISDIR(status.st_mode)
        yield Found(top / folder, status, None, not belongs)
        if belongs:
            yield from _list_files(top / folder, name_of)


def _list_files(folder: Path, name_of: Callable[[str, str], Name | None]) -> Iterator[Found[Name]]:
    for file in list_folder(folder):
        status = _look_at(folder / file)
        if status is not None:
            name = name_of(folder.name, file) if stat.S_ISREG(status.st_mode) else None
            yield Found(folder / file, status, name, name is None)


def _look_at(path: Path) -> os.stat_result | None:
    with storage_errors("cannot look up", path):
        try:
            return path.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
