"""Where the signature of a file in an inbox lies, and whether it changed."""

from __future__ import annotations

from pathlib import Path

from taskstore.trust import SUFFIX

Signed = tuple[int, int, int] | None
"""What tells one signature file from another: inode, size in bytes, time of its change. None: there is none."""


def signature_of(root: Path, path: str) -> Path | None:
    """The file in which a signature of `path`, below the inbox `root`, would be; None if a link leads out of there."""
    place = root / f"{path}{SUFFIX}"
    try:
        return place if place.resolve().is_relative_to(root.resolve()) else None
    except (OSError, RuntimeError):  # a link that leads in a circle
        return None


def look(root: Path, path: str) -> Signed:
    """The state of the signature of `path` now."""
    place = signature_of(root, path)
    return state_of(place) if place is not None else None


def state_of(place: Path) -> Signed:
    """The state of the file `place` now."""
    try:
        status = place.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_ctime_ns
