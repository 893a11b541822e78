"""Where an fsck that had a budget stopped: `STORE/fsck.json`, so that the next one goes on from there."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import msgspec

from taskstore.disk.files import read_file, replace_file
from taskstore.errors import InvalidInputError, NotFoundError

FILE_NAME = "fsck.json"
_MOST_BYTES = 4096


class Phase(Enum):
    """What is looked at, in this order."""

    JOURNAL = "journal"
    BLOBS = "blobs"
    INDEX = "index"


class Position(msgspec.Struct, frozen=True):
    """All before `phase`, and of it all up to `after`, has been looked at."""

    phase: Phase = Phase.JOURNAL
    after: str = ""


START = Position()


def read_position(root: Path) -> Position:
    """Where to go on in the store at `root`; the start if nothing usable is recorded. Raises StorageError."""
    try:
        return msgspec.json.decode(read_file(root / FILE_NAME, most=_MOST_BYTES), type=Position)
    except (NotFoundError, InvalidInputError, msgspec.MsgspecError, UnicodeDecodeError):
        return START


def write_position(root: Path, position: Position) -> None:
    """Record where to go on, durably. Raises StorageError, ReadOnlyError."""
    replace_file(root / FILE_NAME, msgspec.json.encode(position) + b"\n", tmp=root / "tmp")
