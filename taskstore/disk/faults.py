"""The operating system's errors as the library's own."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taskstore.errors import ReadOnlyError, StorageError, TaskstoreError


def storage_error(doing: str, path: Path, error: OSError) -> TaskstoreError:
    """What `error`, met while `doing` something to `path`, is to a caller: StorageError, or ReadOnlyError for EROFS."""
    if error.errno == errno.EROFS:
        return ReadOnlyError(
            f"{doing}: {path} lies on read-only media", hint="it can be read here; to change it, mount it writable"
        )
    return StorageError(doing, path, error)


@contextmanager
def storage_errors(doing: str, path: Path) -> Iterator[None]:
    """Raise every OSError of the block as `storage_error` has it."""
    try:
        yield
    except OSError as error:
        raise storage_error(doing, path, error) from error
