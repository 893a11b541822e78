"""Who holds a lock, for messages only."""

from __future__ import annotations

import os
import re
from pathlib import Path

_LOCKS = Path("/proc/locks")
_FLOCK = re.compile(r"^\d+: FLOCK +\S+ +\S+ (\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) ", re.MULTILINE)


def holders(path: Path) -> list[int]:
    """The ids of the processes that took a flock on the file `path`, as far as this system tells (proc_locks(5))."""
    try:
        status = path.stat(follow_symlinks=False)
        table = _LOCKS.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return []
    return parse_holders(table, os.major(status.st_dev), os.minor(status.st_dev), status.st_ino)


def parse_holders(table: str, major: int, minor: int, inode: int) -> list[int]:
    """The holders of one file in the text of /proc/locks, in its order; pid 0 is one that this namespace cannot see."""
    return [
        int(pid)
        for pid, at_major, at_minor, at_inode in _FLOCK.findall(table)
        if int(pid) and (int(at_major, 16), int(at_minor, 16), int(at_inode)) == (major, minor, inode)
    ]
