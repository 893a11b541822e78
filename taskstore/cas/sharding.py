"""Where a blob lies: `objects/ab/ab12…`, by the first two hexadecimal digits. Pure functions."""

from __future__ import annotations

import re

from taskstore.errors import InvalidDigestError
from taskstore_specs.digest import Digest

_SHARD = re.compile(r"[0-9a-f]{2}")
_NAME = re.compile(r"[0-9a-f]{64}")


def path_of(digest: Digest) -> str:
    """Where the blob lies below `objects/`. Raises InvalidDigestError: no made-up digest becomes a path elsewhere."""
    return f"{shard_of(digest)}/{digest.hex}"


def shard_of(digest: Digest) -> str:
    """The folder that the blob lies in, under the name `digest.hex`. Raises InvalidDigestError, as `path_of`."""
    if not _NAME.fullmatch(digest.hex):
        raise InvalidDigestError(f"not a digest: {digest}", hint="a digest has 64 lower-case hexadecimal digits")
    return digest.hex[:2]


def is_shard(name: str) -> bool:
    """Whether `name` is that of a folder of blobs."""
    return _SHARD.fullmatch(name) is not None


def digest_of_name(folder: str, name: str) -> Digest | None:
    """The digest that the file `name` in the folder `folder` stands for, or None if it is no name of a blob there."""
    if not _NAME.fullmatch(name) or not name.startswith(folder):
        return None
    return Digest(name)
