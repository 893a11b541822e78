"""Files for elsewhere: written piece by piece in any folder, on any filesystem, and there only when they are whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from taskstore.disk.faults import storage_errors
from taskstore.disk.folders import sync_folder
from taskstore.disk.sync import sync
from taskstore.errors import AlreadyExistsError


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A new file `path`, to be written by the block; when the block ends well the file is there, durably.

    It is renamed into place and not linked, because the filesystems of memory sticks have no links; so of two programs
    that make the same new file at once the later one wins. Raises AlreadyExistsError, StorageError.
    """
    require_absent(path)
    with scratch(path) as (file, name):
        yield file
        with storage_errors("cannot write", path):
            file.flush()
            sync(file.fileno())
            require_absent(path)
            name.rename(path)
    sync_folder(path.parent)


@contextmanager
def scratch(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A file beside `path` that is gone after the block, unless it was renamed, and its name. Raises StorageError."""
    name = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
    with storage_errors("cannot write", path):
        try:
            with name.open("xb") as file:
                yield file, name
        finally:
            with contextlib.suppress(OSError):
                name.unlink()


def require_absent(path: Path) -> None:
    """Raises AlreadyExistsError if anything is at `path`."""
    if os.path.lexists(path):
        raise AlreadyExistsError(f"{path} exists already", hint="name a new file, or remove that one")
