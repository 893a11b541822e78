"""Which names are manifests, and why the others are not. Pure: a name goes in, a verdict comes out."""

from __future__ import annotations

import re
from enum import Enum

MANIFEST_SUFFIXES = (".yaml", ".yml", ".json", ".toml")
RECEIPTS_FOLDER = "receipts"
"""The folder of receipts, at the top of an inbox; no manifest is looked for in it."""

ERROR_SUFFIX = ".error.txt"
"""What stands beside a refused manifest."""

_TEMPORARY_SUFFIXES = (
    "~", ".bak", ".swp", ".swo", ".swx", ".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".lock",
)  # fmt: skip

# Syncthing, ownCloud and Nextcloud, Dropbox, in the spellings that their documentation gives.
_SYNC_CONFLICT = re.compile(
    r"\.sync-conflict-\d{8}-\d{6}|_conflict-\d{8}-\d{6}|\((?:[^)]*'s )?(?:conflicted copy|case conflict)[^)]*\)",
    re.IGNORECASE,
)


class Ignored(Enum):
    """Why a file is not taken, in words for people."""

    HIDDEN = "hidden"
    TEMPORARY = "temporary"
    CONFLICT_COPY = "a sync program's conflict copy"
    RECEIPT = "a receipt"
    NO_MANIFEST = "not a manifest: the name does not end in .yaml, .yml, .json or .toml"
    OUTSIDE = "a link that leads out of the folder, nowhere, or in a circle"
    FOLDER_LINK = "a link to a folder"
    NOT_REGULAR = "not a regular file"


def why_ignored(name: str) -> Ignored | None:
    """Why a file of this name is never taken; None when it is a manifest by its name.

    Letters count alike in both cases, as on the file shares that such files come from.
    """
    lower = name.lower()
    if name.startswith("."):
        return Ignored.HIDDEN
    if lower.endswith(ERROR_SUFFIX):
        return Ignored.RECEIPT
    if name.startswith(("~", "#")) or lower.endswith(_TEMPORARY_SUFFIXES):
        return Ignored.TEMPORARY
    if _SYNC_CONFLICT.search(name):
        return Ignored.CONFLICT_COPY
    return None if lower.endswith(MANIFEST_SUFFIXES) else Ignored.NO_MANIFEST


def is_entered(folder: str, *, top: bool) -> bool:
    """Whether a sub-folder of this name is looked into; `top` when it lies directly in the inbox."""
    return not folder.startswith(".") and not (top and folder == RECEIPTS_FOLDER)


def printable(path: str) -> str:
    """`path` as text that any program can store and show, one spelling for each path and never the same for two.

    Names on Linux are bytes. What is no UTF-8 (Python holds it as lone surrogates) and control characters become
    `\\xNN`, and a backslash becomes two.
    """
    if path.isprintable() and "\\" not in path:
        return path
    return "".join(_escape(character) for character in path)


def _escape(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
