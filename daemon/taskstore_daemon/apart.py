"""Reading and preparing files, in this process or, in a flood, a second one: nothing here knows an inbox or a store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from taskstore.store.preparing import Documents, PreparedFile, prepare_file
from taskstore.store.source import Source
from taskstore_daemon.beneath import opened_folder
from taskstore_daemon.claims import Claim, claims_of
from taskstore_daemon.scan import Stamp
from taskstore_daemon.take import NotYet, Refused, Taken, take
from taskstore_specs import Format


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """A file to read: the folder `root` and its path there, the stamp it must still have, what the journal calls it,
    and where a signature of it would be, if it wants one."""

    root: str
    path: str
    stamp: Stamp
    key: str
    signature: Path | None


class Content(msgspec.Struct, frozen=True, gc=False):
    """A file that was read, its documents, and what they claim."""

    taken: Taken
    documents: Documents
    claims: tuple[Claim, ...]


def read_and_prepare(files: Sequence[Wanted]) -> list[Content | None]:
    """The content of each file; None of one that cannot be read or prepared, to be found out once more."""
    return [_content(file) for file in files]


def read(file: Wanted) -> Taken | Refused | NotYet:
    """Read one file."""
    try:
        with opened_folder(file.root) as root:
            return take(root, file.path, file.stamp)
    except OSError as error:
        return NotYet(file.path, f"the folder cannot be read: {error.strerror}")


def source_of(file: Wanted, data: bytes) -> Source:
    """What is deployed of a file that held `data`; its signature lies beside it."""
    return Source(file.key, data, Format.of_name(file.path), file.signature)


def _content(file: Wanted) -> Content | None:
    taken = read(file)
    if not isinstance(taken, Taken):
        return None
    prepared = prepare_file(source_of(file, taken.data))
    if not isinstance(prepared, PreparedFile):
        return None
    return Content(taken, prepared.documents, claims_of(prepared.documents))
