"""A manifest file's bytes, and where they came from."""

from __future__ import annotations

from pathlib import Path

import msgspec

from taskstore.disk.files import read_file
from taskstore.trust import SUFFIX
from taskstore_specs import Format
from taskstore_specs.limits import MANIFEST_BYTES


class Source(msgspec.Struct, frozen=True, gc=False):
    """What to deploy: one file, one transaction. `path` is how results and errors name it.

    `signature` is the file that a signature of it would be in, None where none can be.
    """

    path: str
    data: bytes
    format: Format
    signature: Path | None = None


def read_source(path: Path) -> Source:
    """Read a manifest file whole. Raises InvalidInputError (its name's ending), NotFoundError, LimitExceededError,
    StorageError."""
    data = read_file(path, most=MANIFEST_BYTES, follow=True)
    return Source(str(path), data, Format.of_name(path.name), path.with_name(path.name + SUFFIX))
