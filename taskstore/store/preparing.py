"""Preparing a file: what can be done about a deploy before the store is looked at."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from taskstore.errors import TaskstoreError
from taskstore.plan.outcome import Outcome
from taskstore.plan.prepare import Prepared, prepare
from taskstore.store.results import DeployResult
from taskstore.store.source import Source
from taskstore_specs import read_manifest

Documents = tuple[Prepared, ...]


class PreparedFile(msgspec.Struct, frozen=True, gc=False):
    """A file that could be read: its documents, ready to be planned."""

    source: Source
    documents: Documents


Deployable = Source | PreparedFile
"""A file to deploy: to be read and prepared, or prepared already."""

Chunk = Sequence[Deployable]
"""Some of the files of a deploy."""

Batch = list[PreparedFile | DeployResult]
"""Files in the order given: those that could be prepared, and what became of those that could not."""


def prepare_file(file: Deployable) -> PreparedFile | DeployResult:
    """Read and prepare a file, if that was not done; what became of it, if it cannot be."""
    if isinstance(file, PreparedFile):
        return file
    document = 0
    try:
        requests = read_manifest(file.path, file.data, file.format)
        prepared = []
        for document, request in enumerate(requests):  # noqa: B007 - named by the error below
            prepared.append(prepare(request))
    except TaskstoreError as error:
        return DeployResult(path=file.path, document=document, outcome=Outcome.REJECTED, error=error)
    return PreparedFile(file, tuple(prepared))


def prepare_documents(chunk: Chunk) -> list[Documents | None]:
    """The documents of each of some files; None of one that cannot be prepared, as errors need not travel."""
    prepared = map(prepare_file, chunk)
    return [file.documents if isinstance(file, PreparedFile) else None for file in prepared]


def with_documents(file: Deployable, documents: Documents | None) -> PreparedFile | DeployResult:
    """What `prepare_file` makes of a file, given its documents if they are known."""
    return prepare_file(file) if documents is None or isinstance(file, PreparedFile) else PreparedFile(file, documents)
