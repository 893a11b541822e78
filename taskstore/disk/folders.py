"""Folders: made durably, opened without following a link."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from taskstore.disk.faults import storage_error, storage_errors
from taskstore.disk.sync import sync


@contextmanager
def open_folder(path: Path) -> Iterator[int]:
    """The folder `path`, open for use as a `dir_fd` and for syncing. Raises OSError, of a link too."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Make the names in the folder `path` durable. Raises StorageError."""
    with storage_errors("cannot make a folder durable", path), open_folder(path) as descriptor:
        sync(descriptor)


def list_folder(path: Path) -> list[str]:
    """The names in the folder `path`, sorted; none if it is missing. Raises StorageError."""
    try:
        return sorted(entry.name for entry in os.scandir(path))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise storage_error("cannot list", path, error) from error


def names_in(path: Path, names: Iterable[str]) -> set[str]:
    """Those of `names` that something has in the folder `path`; none if it is missing. Raises StorageError."""
    found = set()
    with (
        storage_errors("cannot look up names in", path),
        contextlib.suppress(FileNotFoundError),
        open_folder(path) as folder,
    ):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                os.stat(name, dir_fd=folder, follow_symlinks=False)
                found.add(name)
    return found


def create_folder(path: Path) -> None:
    """Make the folder `path` and the missing ones above it, durably. Raises StorageError."""
    create_folders([path])


def create_folders(paths: Collection[Path], *, durable: bool = True) -> None:
    """Make the folders `paths` and the missing ones above them, durably. Raises StorageError.

    One that is there already is made durable too: whoever made it may have been stopped just before that. Not
    `durable` is for a caller who waits for the whole filesystem next; those above them are durable even so.
    """
    for path in paths:
        with storage_errors("cannot make the folder", path):
            _create(path)
    if durable:
        for parent in {path.parent for path in paths}:
            sync_folder(parent)


def _create(path: Path) -> None:
    try:
        path.mkdir()
    except FileExistsError:
        if not path.is_dir():
            raise
    except FileNotFoundError:
        create_folder(path.parent)
        path.mkdir(exist_ok=True)
