"""Single files: created or replaced durably, read within a bound."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from taskstore.disk import temporary
from taskstore.disk.faults import storage_error, storage_errors
from taskstore.disk.folders import open_folder
from taskstore.disk.sync import sync
from taskstore.errors import AlreadyExistsError, LimitExceededError, NotAFileError, NotFoundError

_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


def create_file(path: Path, data: bytes, *, tmp: Path, mode: int = 0o666) -> None:
    """Make a new file `path` that holds `data`, durably. `tmp` is a folder on the same filesystem.

    The file appears whole or not at all, and never in place of another. `mode` is narrowed by the umask.
    Raises AlreadyExistsError, StorageError.
    """
    _publish(path, data, tmp, mode, _link)


def replace_file(path: Path, data: bytes, *, tmp: Path, mode: int = 0o666) -> None:
    """Make `path` hold `data`, durably, whatever it held before; otherwise as `create_file`. Raises StorageError."""
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
    with storage_errors("cannot write", path), open_folder(tmp) as source, open_folder(path.parent) as target:
        name = temporary.write(source, data, mode, durable=True)
        place(source, name, target, path)
        try:
            sync(target)
        except OSError:
            temporary.remove(target, path.name)
            raise


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
    while len(data) <= most and (more := os.read(descriptor, most + 1 - len(data))):
        data += more
    if len(data) > most:
        raise LimitExceededError(f"too large, more than {most} bytes: {path}", hint=f"at most {most} bytes are read")
    return data


def file_size(path: Path) -> int | None:
    """The size of the regular file `path` in bytes, or None if there is none; a link is none. Raises StorageError."""
    try:
        status = path.stat(follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise storage_error("cannot look up", path, error) from error
    return status.st_size if stat.S_ISREG(status.st_mode) else None
