"""New files under unique names in `tmp/`, where nobody else looks, until they are whole and are renamed or linked."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from taskstore.disk.folders import open_folder
from taskstore.disk.sync import sync

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def open_tmp(path: Path) -> Iterator[int]:
    """The folder `path` for temporary files, open; made if it is missing, since it may be lost with all that is in it.

    Raises OSError, of a link too.
    """
    path.mkdir(exist_ok=True)
    with open_folder(path) as descriptor:
        yield descriptor


def write(folder: int, data: bytes, mode: int, *, durable: bool) -> str:
    """Write `data` to a new file in the open folder `folder` and return its name. Raises OSError, leaving no file.

    `durable` waits for the disk; without it the caller syncs the filesystem before the file is published.
    `mode` is narrowed by the umask.
    """
    name = f"{os.getpid()}-{os.urandom(8).hex()}.tmp"
    descriptor = os.open(name, _NEW, mode, dir_fd=folder)
    try:
        try:
            _write_all(descriptor, data)
            if durable:
                sync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        remove(folder, name)
        raise
    return name


def _write_all(descriptor: int, data: bytes) -> None:
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])


def remove(folder: int, name: str) -> None:
    """Remove a file that counts as not written; should that fail too, it does no harm where it is."""
    with contextlib.suppress(OSError):
        os.unlink(name, dir_fd=folder)
