"""Where a blob lies: `objects/ab/ab12…`, by the first two hexadecimal digits. Pure functions."""

from __future__ import annotations

import re

from taskstore_specs.digest import Digest

_SHARD = re.compile(r"[0-9a-f]{2}")
_NAME = re.compile(r"[0-9a-f]{64}")


def shard(digest: Digest) -> str:
    """The name of the folder that holds `digest`."""
    return digest.hex[:2]


def is_shard(name: str) -> bool:
    """Whether `name` is that of a folder of blobs."""
    return _SHARD.fullmatch(name) is not None


def digest_of_name(folder: str, name: str) -> Digest | None:
    """The digest that the file `name` in the folder `folder` stands for, or None if it is no name of a blob there."""
    if not _NAME.fullmatch(name) or not name.startswith(folder):
        return None
    return Digest(name)
