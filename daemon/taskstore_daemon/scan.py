"""Walking a watched folder: what is there, and what state each file is in. Never follows a link out of it.

A scan gives what it finds one by one and keeps nothing, so that a folder of any size costs no memory here.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from taskstore_daemon import names
from taskstore_daemon.beneath import OutsideError, open_file, opened_folder
from taskstore_daemon.limits import FOLDER_DEPTH
from taskstore_daemon.names import Ignored

_PACKED = struct.Struct("<qqQq")
_PACKED_BYTES = 31
"""A size needs seven bytes at most; with one more, Python would take 16 more for each stamp that is kept."""


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """The state of a file as the filesystem tells it. Equal stamps: nobody wrote to the file in between.

    `ctime_ns` is moved by every write and cannot be set back, `inode` by a replacement.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    def packed(self) -> bytes:
        """The same in few bytes, for keeping very many."""
        return self._packed(self.ctime_ns)

    def survives_rename(self) -> bytes:
        """What a rename leaves as it is (it moves ctime on most filesystems), packed."""
        return self._packed(0)

    def _packed(self, ctime_ns: int) -> bytes:
        return _PACKED.pack(self.mtime_ns, ctime_ns, self.inode, self.size)[:_PACKED_BYTES]

    @classmethod
    def unpacked(cls, data: bytes) -> Stamp:
        """What `packed` packed."""
        mtime_ns, ctime_ns, inode, size = _PACKED.unpack(data + b"\0")
        return cls(size, mtime_ns, ctime_ns, inode)

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """The stamp in what stat(2) says."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


class Skipped(msgspec.Struct, frozen=True):
    """A file that is never taken, and why."""

    path: str
    why: Ignored


class Unread(msgspec.Struct, frozen=True):
    """A folder that could not be looked into: what lies in it is unknown, not gone."""

    path: str
    reason: str


class Found(msgspec.Struct, frozen=True, gc=False):
    """A manifest by its name, and its state."""

    path: str
    stamp: Stamp


Item = Found | Skipped | Unread
"""What a scan meets. Paths are relative to the root, with `/` between the parts."""

OnFolder = Callable[[str, os.stat_result], None]
"""Told of each folder, by relative path, before it is read: so that it is watched before it is scanned."""


def scan(root: int, on_folder: OnFolder, *, below: str = "") -> Iterator[Item]:
    """Everything in the open folder `root`, or only in its sub-folder `below`. Raises OSError if that is gone."""
    if not below:
        yield from _scan_folder(root, root, "", on_folder)
        return
    with _descend(root, below) as folder:
        yield from _scan_folder(root, folder, below, on_folder)


@contextmanager
def _descend(root: int, path: str) -> Iterator[int]:
    descriptor = os.dup(root)
    try:
        for name in path.split("/"):
            with opened_folder(name, parent=descriptor) as inner:
                os.dup2(inner, descriptor, inheritable=False)
        yield descriptor
    finally:
        os.close(descriptor)


def _scan_folder(root: int, folder: int, path: str, on_folder: OnFolder) -> Iterator[Item]:
    on_folder(path, os.fstat(folder))
    prefix = f"{path}/" if path else ""
    inner: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if names.is_entered(entry.name, top=not path):
                    inner.append(entry.name)
            else:
                item = _look_at(root, prefix, entry)
                if item is not None:
                    yield item
    for name in sorted(inner):
        yield from _enter(root, folder, prefix + name, name, on_folder)


def _enter(root: int, parent: int, path: str, name: str, on_folder: OnFolder) -> Iterator[Item]:
    if path.count("/") >= FOLDER_DEPTH:
        yield Unread(path, f"folders are entered to a depth of {FOLDER_DEPTH}")
        return
    try:
        with opened_folder(name, parent=parent) as folder:
            yield from _scan_folder(root, folder, path, on_folder)
    except FileNotFoundError:
        return
    except OSError as error:
        yield Unread(path, error.strerror or str(error))


def _look_at(root: int, prefix: str, entry: os.DirEntry[str]) -> Item | None:
    path = prefix + entry.name
    why = names.why_ignored(entry.name)
    if why is not None:
        return Skipped(path, why)
    try:
        if entry.is_symlink():
            return look_at(root, path) or Skipped(path, Ignored.OUTSIDE)
        return _judge(path, entry.stat(follow_symlinks=False))
    except FileNotFoundError:
        return None
    except OSError as error:
        return Unread(path, error.strerror or str(error))


def look_at(root: int, path: str) -> Found | Skipped | None:
    """What stands at one path below `root`, through links that stay inside; None when nothing does. Raises OSError."""
    try:
        descriptor = open_file(root, path)
    except OutsideError:
        return Skipped(path, Ignored.OUTSIDE)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return _judge(path, os.fstat(descriptor))
    finally:
        os.close(descriptor)


def _judge(path: str, status: os.stat_result) -> Found | Skipped:
    if stat.S_ISREG(status.st_mode):
        return Found(path, Stamp.of(status))
    return Skipped(path, Ignored.FOLDER_LINK if stat.S_ISDIR(status.st_mode) else Ignored.NOT_REGULAR)
