"""Which names are manifests or bundles, and why the others are not. Pure: a name goes in, a verdict comes out."""

from __future__ import annotations

import re
from enum import Enum

MANIFEST_SUFFIXES = (".yaml", ".yml", ".json", ".toml")
BUNDLE_SUFFIX = ".tar"
SIGNATURE_SUFFIX = ".sig"
RECEIPTS_FOLDER = "receipts"
"""The folder of receipts, at the top of an inbox; no manifest is looked for in it."""

ERROR_SUFFIX = ".error.txt"
"""What stands beside a refused manifest."""

_BUNDLE = re.compile(r"(?P<whole>.*\.tar)(?P<part>\.part[0-9]{4})?", re.IGNORECASE | re.DOTALL)
"""A bundle, or a part of one as `bundle create --max-part` names it."""

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
    SIGNATURE = "a signature, which counts with the file of its name"
    NO_MANIFEST = "neither a manifest (.yaml, .yml, .json, .toml) nor a bundle (.tar, .tar.part0001, …) by its name"
    OUTSIDE = "a link that leads out of the folder, nowhere, or in a circle"
    FOLDER_LINK = "a link to a folder"
    NOT_REGULAR = "not a regular file"


def why_ignored(name: str) -> Ignored | None:
    """Why a file of this name is never taken; None when it is a manifest or a bundle by its name.

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
    if lower.endswith(MANIFEST_SUFFIXES) or bundle_of(name) is not None:
        return None
    return Ignored.SIGNATURE if lower.endswith(SIGNATURE_SUFFIX) else Ignored.NO_MANIFEST


def bundle_of(path: str) -> str | None:
    """The path of the bundle that the file at `path` is, or is a part of, by its name; None of any other file."""
    found = _BUNDLE.fullmatch(path)
    return found["whole"] if found is not None else None


def is_entered(folder: str, *, top: bool) -> bool:
    """Whether a sub-folder of this name is looked into; `top` when it lies directly in the inbox."""
    return not folder.startswith(".") and not (top and folder == RECEIPTS_FOLDER)


def folder_of(path: str) -> str:
    """The folder that a file lies in; both are relative to the inbox, which itself is the empty path."""
    return path.rpartition("/")[0]


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
