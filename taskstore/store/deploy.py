"""Deploying manifest files: read, prepare, then commit in batches, each file all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec
from duckdb import DuckDBPyConnection

from taskstore.errors import ConflictError, TaskstoreError
from taskstore.index import Index, current, sources
from taskstore.journal.changes import Change, SourceChange
from taskstore.plan.deploy import Outcome, Planned, Policy, Refused, plan
from taskstore.plan.prepare import Prepared, PreparedTask, prepare
from taskstore.plan.state import State
from taskstore.store.commit import Committer, Decision
from taskstore.store.results import DeployReport, DeployResult
from taskstore.store.source import Source
from taskstore_specs import read_manifest
from taskstore_specs.digest import Digest

FILES_PER_ENTRY = 1_000
BYTES_PER_ENTRY = 16 * 1024 * 1024


class _File(msgspec.Struct, frozen=True):
    source: Source
    documents: tuple[Prepared, ...]


def deploy(
    read: Iterable[Source], committer: Committer, index: Index, policy: Policy, *, by: str, dry_run: bool, watched: bool
) -> DeployReport:
    """Deploy each source as one transaction; a refused one does not hold up the others.

    Raises BusyError and StorageError; the batches before the failing one stand, and deploying everything again is
    harmless.
    """
    results: list[DeployResult] = []
    for batch in _batches(read):
        prepared = [_prepare(source) for source in batch]
        files = [file for file in prepared if isinstance(file, _File)]
        deployed = iter(_deploy_batch(files, committer, index, policy, by=by, dry_run=dry_run, watched=watched))
        for file in prepared:
            results.extend(next(deployed) if isinstance(file, _File) else (file,))
    return DeployReport(tuple(results))


def _batches(read: Iterable[Source]) -> Iterator[list[Source]]:
    remaining = iter(read)
    while batch := list(islice(_up_to(BYTES_PER_ENTRY, remaining), FILES_PER_ENTRY)):
        yield batch


def _up_to(most: int, read: Iterator[Source]) -> Iterator[Source]:
    size = 0
    for source in read:
        yield source
        size += len(source.data)
        if size >= most:
            return


def _prepare(source: Source) -> _File | DeployResult:
    document = 0
    try:
        requests = read_manifest(source.path, source.data, source.format)
        prepared = []
        for document, request in enumerate(requests):  # noqa: B007 - named by the error below
            prepared.append(prepare(request))
    except TaskstoreError as error:
        return DeployResult(path=source.path, document=document, outcome=Outcome.REJECTED, error=error)
    return _File(source, tuple(prepared))


def _deploy_batch(
    files: Sequence[_File], committer: Committer, index: Index, policy: Policy, *, by: str, dry_run: bool, watched: bool
) -> list[list[DeployResult]]:
    planned: list[tuple[Planned, ...] | Refused] = []

    def decide(connection: DuckDBPyConnection) -> Decision:
        planned[:] = plan([file.documents for file in files], _state(files, connection), policy, by)
        known = sources(connection, {file.source.path for file in files}) if watched else {}
        return _decision(files, planned, known, watched=watched)

    sequence = None
    if dry_run:
        with index.read() as connection:
            decide(connection)
    elif files:
        head = committer.commit(decide, by)
        sequence = head.sequence if head else None
    return [_results(file, result, sequence) for file, result in zip(files, planned, strict=True)]


def _state(files: Sequence[_File], connection: DuckDBPyConnection) -> State:
    documents = [document for file in files for document in file.documents]
    tasks = [document.task_id for document in documents if isinstance(document, PreparedTask)]
    projects = {task.project for task in tasks}
    projects |= {document.project.id for document in documents if not isinstance(document, PreparedTask)}
    return State.of(current(connection, projects=projects, versions=set(tasks), tasks={task.task for task in tasks}))


def _decision(
    files: Sequence[_File],
    planned: Sequence[tuple[Planned, ...] | Refused],
    known: dict[str, Digest],
    *,
    watched: bool,
) -> Decision:
    changes: list[Change] = []
    blobs: dict[Digest, bytes] = {}
    for file, result in zip(files, planned, strict=True):
        if isinstance(result, Refused):
            continue
        for document, outcome in zip(file.documents, result, strict=True):
            changes.extend(outcome.changes)
            if outcome.changes and isinstance(document, PreparedTask):
                blobs[document.digest] = document.spec
        if watched:
            digest = Digest.of(file.source.data)
            if known.get(file.source.path) != digest:
                changes.append(SourceChange(path=file.source.path, digest=digest))
    return Decision(tuple(changes), blobs)


def _results(file: _File, result: tuple[Planned, ...] | Refused, sequence: int | None) -> list[DeployResult]:
    if isinstance(result, Refused):
        return [
            _describe(file, number, document, Outcome.REJECTED, error=_refusal(number, result))
            for number, document in enumerate(file.documents)
        ]
    return [
        _describe(file, number, document, planned.outcome, planned=planned, sequence=sequence)
        for number, (document, planned) in enumerate(zip(file.documents, result, strict=True))
    ]


def _refusal(number: int, refused: Refused) -> TaskstoreError:
    if number == refused.document:
        return refused.error
    return ConflictError(
        f"document {refused.document + 1} of the same file was refused", hint="a file is deployed whole or not at all"
    )


def _describe(
    file: _File,
    number: int,
    document: Prepared,
    outcome: Outcome,
    *,
    planned: Planned | None = None,
    sequence: int | None = None,
    error: TaskstoreError | None = None,
) -> DeployResult:
    task = document if isinstance(document, PreparedTask) else None
    return DeployResult(
        path=file.source.path,
        document=number,
        outcome=outcome,
        task=task.task_id if task else None,
        project=None if task else document.project.id,  # type: ignore[union-attr]
        digest=task.digest if task else None,
        revision=(planned.revision or None) if planned else None,
        sequence=sequence if planned and planned.changes else None,
        warnings=task.warnings if task else (),
        error=error,
    )
