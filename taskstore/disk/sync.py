"""Waiting until bytes are on the disk."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import re
import sys
from collections.abc import Callable

if sys.platform == "darwin":
    import fcntl

    def sync(descriptor: int) -> None:
        """Return when the file or folder open as `descriptor` is on the disk. Raises OSError.

        fsync on macOS stops at the drive's cache; F_FULLFSYNC goes through it (fcntl(2)).
        """
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)

else:

    def sync(descriptor: int) -> None:
        """Return when the file or folder open as `descriptor` is on the disk. Raises OSError.

        On an XFS that shut itself down after an I/O error, fsync of a folder succeeds and does nothing, while fstat
        fails (xfs_dir_fsync and xfs_vn_getattr in the kernel; the power cuts in tests/crash showed it).
        """
        os.fsync(descriptor)
        os.fstat(descriptor)


def reports_errors(system: str, release: str) -> bool:
    """Whether syncfs of this kernel tells of every failure: Linux 5.17 and newer.

    It tells of failed writes of data since 5.8 (syncfs(2), under VERSIONS), and of the filesystem's own failures since
    5.17 ("vfs: make sync_filesystem return errors from ->sync_fs").
    """
    numbers = re.match(r"(\d+)\.(\d+)", release)
    return system == "Linux" and numbers is not None and (int(numbers[1]), int(numbers[2])) >= (5, 17)


def _load_syncfs() -> Callable[[int], int] | None:
    if not reports_errors(platform.system(), platform.release()):
        return None
    function = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if function is not None:
        function.argtypes, function.restype = [ctypes.c_int], ctypes.c_int
    return function


_syncfs = _load_syncfs()

CAN_SYNC_FILESYSTEM = _syncfs is not None
"""Whether `sync_filesystem` works here."""


def sync_filesystem(descriptor: int) -> None:
    """Return when everything written so far to the filesystem of `descriptor` is on the disk. Raises OSError.

    Only failures since `descriptor` was opened are told of, so open it before the first write that matters.
    """
    if _syncfs is None:
        raise OSError(errno.ENOSYS, "syncfs is missing or does not tell of errors: sync each file")
    if _syncfs(descriptor) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
