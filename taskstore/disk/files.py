"""Single files: created or replaced durably, read within a bound."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from taskstore.disk import folders, temporary
from taskstore.disk.faults import storage_error, storage_errors
from taskstore.disk.sync import sync
from taskstore.errors import AlreadyExistsError, UnsafeFileError

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


def create(path: Path, data: bytes, *, tmp: Path, mode: int = 0o666) -> None:
    """Make a new file `path` that holds `data`, durably. `tmp` is a folder on the same filesystem.

    The file appears whole or not at all, and never in place of another. `mode` is narrowed by the umask.
    Raises AlreadyExistsError, StorageError.
    """
    _publish(path, data, tmp, mode, _link)


def replace(path: Path, data: bytes, *, tmp: Path, mode: int = 0o666) -> None:
    """Make `path` hold `data`, durably, whatever it held before; otherwise as `create`. Raises StorageError."""
    _publish(path, data, tmp, mode, _rename)


def _link(source: int, name: str, target: int, path: Path) -> None:
    try:
        os.link(name, path.name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    except FileExistsError as error:
        raise AlreadyExistsError(f"{path} exists already") from error
    finally:
        temporary.remove(source, name)


def _rename(source: int, name: str, target: int, path: Path) -> None:
    try:
        os.rename(name, path.name, src_dir_fd=source, dst_dir_fd=target)
    except OSError:
        temporary.remove(source, name)
        raise


def _publish(path: Path, data: bytes, tmp: Path, mode: int, place: Callable[[int, str, int, Path], None]) -> None:
    """Order of writes: a temporary file, fsync of it, its name put in place, fsync of the folder."""
    with storage_errors("cannot write", path), folders.opened(tmp) as source, folders.opened(path.parent) as target:
        name = temporary.write(source, data, mode, durable=True)
        place(source, name, target, path)
        try:
            sync(target)
        except OSError:
            temporary.remove(target, path.name)
            raise


def read(path: Path, limit: int) -> bytes | None:
    """The bytes of the regular file `path`, or None if there is nothing.

    Raises UnsafeFileError of a link, of anything else that is no regular file and of more than `limit` bytes;
    StorageError when the disk does not give the bytes.
    """
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENOTDIR):
            raise UnsafeFileError(path, "it is not a regular file") from error
        raise storage_error("cannot read", path, error) from error
    try:
        return _read_regular(descriptor, path, limit)
    except OSError as error:
        raise storage_error("cannot read", path, error) from error
    finally:
        os.close(descriptor)


def _read_regular(descriptor: int, path: Path, limit: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise UnsafeFileError(path, "it is not a regular file")
    if status.st_size > limit:
        raise UnsafeFileError(path, f"it has {status.st_size} bytes, and at most {limit} are read")
    data = os.read(descriptor, status.st_size + 1)
    while len(data) <= limit and (more := os.read(descriptor, limit + 1 - len(data))):
        data += more
    if len(data) > limit:
        raise UnsafeFileError(path, f"it grew beyond {limit} bytes while it was read")
    return data


def size(path: Path) -> int | None:
    """The size of the regular file `path` in bytes, or None if there is none; a link is none. Raises StorageError."""
    try:
        status = path.stat(follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise storage_error("cannot look up", path, error) from error
    return status.st_size if stat.S_ISREG(status.st_mode) else None
