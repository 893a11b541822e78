"""Single files: created or replaced durably, read within a bound."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taskstore.disk import temporary
from taskstore.disk.faults import storage_error, storage_errors
from taskstore.disk.folders import open_folder
from taskstore.disk.sync import sync
from taskstore.errors import AlreadyExistsError, LimitExceededError, NotAFileError, NotFoundError

_CHUNK = 64 * 1024
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


def create_file(path: Path, data: bytes, *, tmp: Path, mode: int = 0o666) -> None:
    """Make a new file `path` that holds `data`, durably. `tmp` is a folder on the same filesystem.

    The file appears whole or not at all, and never in place of another. `mode` is narrowed by the umask.
    Raises AlreadyExistsError, StorageError.
    """
    with storage_errors("cannot write", path), open_folder(path.parent) as folder:
        with _written(data, tmp, mode) as (source, name):
            _link(source, name, folder, path)
        try:
            sync(folder)
        except OSError:
            temporary.remove(folder, path.name)
            raise


def replace_file(path: Path, data: bytes, *, tmp: Path, mode: int = 0o666) -> None:
    """Make `path` hold `data`, durably, whatever it held before; otherwise as `create_file`. Raises StorageError.

    When only the last step fails, `path` holds `data`, and whether it would after a power cut is unknown.
    """
    with storage_errors("cannot write", path), open_folder(path.parent) as folder:
        with _written(data, tmp, mode) as (source, name):
            os.rename(name, path.name, src_dir_fd=source, dst_dir_fd=folder)
        sync(folder)


@contextmanager
def _written(data: bytes, tmp: Path, mode: int) -> Iterator[tuple[int, str]]:
    """The open `tmp` and the name in it of a file that holds `data`, durably; whatever is left of it goes at the end.

    So the order of writes is: temporary file, fsync of it, its new name, its old name gone, fsync of the folder.
    """
    with temporary.open_tmp(tmp) as source:
        name = temporary.write(source, data, mode, durable=True)
        try:
            yield source, name
        finally:
            temporary.remove(source, name)


def _link(source: int, name: str, folder: int, path: Path) -> None:
    try:
        os.link(name, path.name, src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError as error:
        raise AlreadyExistsError(f"{path} exists already") from error


def read_file(path: Path, *, most: int, follow: bool = False) -> bytes:
    """The bytes of the regular file `path`. A link in its last part is followed only if `follow`.

    Raises NotFoundError, NotAFileError, LimitExceededError of more than `most` bytes, and StorageError when the disk
    does not give them.
    """
    try:
        descriptor = os.open(path, _READ if follow else _READ | os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise NotFoundError(f"no such file: {path}") from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENOTDIR):
            raise NotAFileError(f"not a regular file: {path}") from error
        if error.errno == errno.ENAMETOOLONG:
            raise NotFoundError(f"no file can have this name: {path}") from error
        raise storage_error("cannot read", path, error) from error
    try:
        return _read_regular(descriptor, path, most)
    except OSError as error:
        raise storage_error("cannot read", path, error) from error
    finally:
        os.close(descriptor)


def _read_regular(descriptor: int, path: Path, most: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise NotAFileError(f"not a regular file: {path}")
    data = os.read(descriptor, min(status.st_size, most) + 1)
    while len(data) <= most and (more := os.read(descriptor, min(most + 1 - len(data), _CHUNK))):
        data += more
    if len(data) > most:
        raise LimitExceededError(f"too large, more than {most} bytes: {path}", hint=f"at most {most} bytes are read")
    return data


def file_size(path: Path) -> int | None:
    """The size of the regular file `path` in bytes, or None if there is none; a link is none. Raises StorageError."""
    status = _status(path)
    return status.st_size if status is not None and stat.S_ISREG(status.st_mode) else None


def is_taken(path: Path) -> bool:
    """Whether anything has the name `path`, even a link to nothing. Raises StorageError."""
    return _status(path) is not None


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat(follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise storage_error("cannot look up", path, error) from error
