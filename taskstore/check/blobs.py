"""The blobs: every file in `objects/` is what its name says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from taskstore.cas import BlobReader
from taskstore.check.exposure import Guard
from taskstore.check.listing import Found
from taskstore.check.problem import Kind, Problem
from taskstore.check.step import Step
from taskstore.errors import BlobDamagedError, BlobNotFoundError, StorageError
from taskstore_specs.digest import Digest


def check_blobs(found: Iterable[Found[Digest]], blobs: BlobReader, guard: Guard, *, quick: bool) -> Iterator[Step]:
    """Look at the files `found`, and unless `quick` read each and compare its digest."""
    mark = ""
    for file in found:
        problems = list(guard.check_found(file))
        if file.name is not None:
            mark = file.name.hex
            if not quick:
                problems += _check_bytes(file.name, file.path, blobs, guard)
        if file.name is not None or problems:
            size = 0 if quick else file.status.st_size
            yield Step(mark=mark, items=int(file.name is not None), size=size, problems=tuple(problems))


def _check_bytes(digest: Digest, path: Path, blobs: BlobReader, guard: Guard) -> Iterator[Problem]:
    try:
        blobs.get(digest)
    except BlobNotFoundError:
        return  # removed since it was listed; if an entry names it, the journal's check tells
    except (BlobDamagedError, StorageError) as error:
        yield Problem(
            kind=Kind.BLOB_DAMAGED, message=error.message, repair=guard.commands.repair, path=path, digest=digest
        )
