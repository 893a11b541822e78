"""Where entry N lies: `journal/00000000/000000000042.json`, 10,000 a folder. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable

PER_FOLDER = 10_000

_FOLDER = re.compile(r"[0-9]{8}")
_FILE = re.compile(r"([0-9]{12})\.json")


def folder_of(sequence: int) -> str:
    """The folder of entry `sequence`: its number divided by 10,000, so that entry 10,000 opens folder 1."""
    return f"{sequence // PER_FOLDER:08d}"


def name_of(sequence: int) -> str:
    """The file name of entry `sequence`."""
    return f"{sequence:012d}.json"


def path_of(sequence: int) -> str:
    """Where entry `sequence` lies below `journal/`."""
    return f"{folder_of(sequence)}/{name_of(sequence)}"


def is_folder(name: str) -> bool:
    """Whether `name` is that of a folder of entries."""
    return _FOLDER.fullmatch(name) is not None


def sequence_of(folder: str, name: str) -> int | None:
    """The number of the entry whose file is `name` in `folder`, or None if it is no name of an entry there."""
    match = _FILE.fullmatch(name)
    if match is None or folder_of(int(match[1])) != folder:
        return None
    return int(match[1]) or None


def last_present(known: int, present: Callable[[int], bool]) -> int:
    """The last number of the unbroken run that starts at `known`, which is present or 0.

    Asks twice as far ahead each time, then halves: one question when nothing is new, few when much is.
    """
    step = 1
    while present(known + step):
        known += step
        step *= 2
    while step > 1:
        step //= 2
        if present(known + step):
            known += step
    return known
