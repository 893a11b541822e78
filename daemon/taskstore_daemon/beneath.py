"""Opening a path without leaving a folder: links are followed by hand, step by step, and only inside.

Each step is opened relative to the one before and never through a link, so that somebody who swaps a folder for a link
meanwhile changes nothing. (Linux has openat2(2) with RESOLVE_BENEATH for this; Python 3.11 does not offer it.)
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from taskstore_daemon.limits import LINKS_PER_PATH

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

_NOT_FOLLOWED = (errno.ELOOP, errno.ENOTDIR, errno.EMLINK)
"""How an open that does not follow links refuses one: Linux, Linux for a folder, FreeBSD."""


class OutsideError(OSError):
    """A path that leads out of the folder, or through more links than are followed."""


@contextmanager
def opened_folder(path: str, *, parent: int | None = None) -> Iterator[int]:
    """The folder `path`, open for use as a `dir_fd`. Raises OSError; of a link too, unless it is the root itself."""
    flags = _FOLDER if parent is not None else _FOLDER & ~os.O_NOFOLLOW
    descriptor = os.open(path, flags, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def open_file(root: int, path: str) -> int:
    """A descriptor of the file `path` below the open folder `root`, for reading; never blocks on a FIFO.

    Raises OutsideError when a link leads out of the folder, OSError when there is nothing to open.
    """
    steps = _steps(path)
    links = LINKS_PER_PATH
    folders: list[int] = []
    try:
        while steps:
            name = steps.pop(0)
            here = folders[-1] if folders else root
            if name == "..":
                _leave(folders)
                continue
            try:
                descriptor = os.open(name, _FOLDER if steps else _FILE, dir_fd=here)
            except OSError as error:
                if error.errno not in _NOT_FOLLOWED:
                    raise
                links -= 1
                steps = [*_link_steps(name, here, links, error), *steps]
                continue
            if not steps:
                return descriptor
            folders.append(descriptor)
        return os.dup(folders[-1] if folders else root)
    finally:
        for folder in folders:
            os.close(folder)


def _steps(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in ("", ".")]


def _leave(folders: list[int]) -> None:
    if not folders:
        raise OutsideError(errno.EXDEV, "it leads out of the folder")
    os.close(folders.pop())


def _link_steps(name: str, folder: int, links_left: int, error: OSError) -> list[str]:
    """The steps that the link `name` stands for; raises `error` when it is no link."""
    try:
        target = os.readlink(name, dir_fd=folder)
    except OSError:
        raise error from None
    if links_left < 0:
        raise OutsideError(errno.ELOOP, "too many links")
    if target.startswith("/"):
        raise OutsideError(errno.EXDEV, "it leads out of the folder")
    return _steps(target)
