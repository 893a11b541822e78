"""Whether events come at all: on network, shared and layered filesystems a change made elsewhere causes none."""

from __future__ import annotations

import ctypes
import sys
from enum import Enum
from pathlib import Path

# Magic numbers of statfs(2), and of linux/magic.h for those that the page leaves out.
_SILENT_FILESYSTEMS = {
    0x6969: "NFS",
    0x517B: "SMB",
    0xFF534D42: "SMB",
    0xFE534D42: "SMB",
    0x01021997: "9p",
    0x65735546: "FUSE",
    0x6A656A63: "virtiofs",
    0x786F4256: "vboxsf",
    0x794C7630: "overlay",
    0x00C36400: "Ceph",
    0x5346414F: "AFS",
    0x47504653: "GPFS",
    0x0BD00BD0: "Lustre",
}
_STATFS_BYTES = 256
"""More than struct statfs takes on any Linux."""


class Backend(Enum):
    """How changes are noticed."""

    INOTIFY = "inotify"
    POLLING = "polling"


def why_polling(root: Path) -> str:
    """Why events cannot be relied on below `root`, in words; empty when they can. Raises OSError."""
    if sys.platform != "linux":
        return "this system has no inotify"
    kind = _SILENT_FILESYSTEMS.get(_filesystem_type(root))
    return f"{kind} does not tell of every change" if kind else ""


def _filesystem_type(path: Path) -> int:
    """`f_type` of statfs(2), which is its first field, a word wide; Python's statvfs leaves it out."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(_STATFS_BYTES)
    if libc.statfs(bytes(path), buffer) != 0:
        number = ctypes.get_errno()
        raise OSError(number, "cannot tell the filesystem", str(path))
    return ctypes.c_long.from_buffer(buffer).value & 0xFFFFFFFF
