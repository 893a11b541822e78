"""Deploying manifest files: read, prepare, then commit in batches, each file all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from duckdb import DuckDBPyConnection

from taskstore.errors import ConflictError, TaskstoreError
from taskstore.index import Index, current, sources
from taskstore.journal.changes import Change, SourceChange
from taskstore.plan.deploy import Planned, Refused, plan
from taskstore.plan.outcome import Outcome
from taskstore.plan.policy import Policy
from taskstore.plan.prepare import PreparedTask
from taskstore.plan.state import State
from taskstore.store.ahead import PreparedAhead
from taskstore.store.commit import Committer, Decision
from taskstore.store.preparing import Batch, Deployable, PreparedFile
from taskstore.store.results import DeployReport, DeployResult
from taskstore.store.signed import Guard, guarded
from taskstore_specs.digest import Digest


def deploy(
    read: Iterable[Deployable],
    committer: Committer,
    index: Index,
    policy: Policy,
    guard: Guard | None,
    *,
    by: str,
    dry_run: bool,
    watched: bool,
) -> DeployReport:
    """Deploy each source as one transaction; a refused one does not hold up the others.

    Raises BusyError and StorageError; the batches before the failing one stand, and deploying everything again is
    harmless.
    """
    results: list[DeployResult] = []
    with PreparedAhead(read) as ahead:
        while batch := ahead.take():
            if guard is not None:
                batch = guarded(batch, guard, _known(batch, index) if watched else {})
            files = [file for file in batch if isinstance(file, PreparedFile)]
            deployed = iter(_deploy_batch(files, committer, index, policy, by=by, dry_run=dry_run, watched=watched))
            for file in batch:
                results.extend(next(deployed) if isinstance(file, PreparedFile) else (file,))
    return DeployReport(tuple(results))


def _known(batch: Batch, index: Index) -> dict[str, Digest]:
    paths = {file.source.path for file in batch if isinstance(file, PreparedFile)}
    return index.ask(lambda connection: sources(connection, paths))


def _deploy_batch(
    files: Sequence[PreparedFile],
    committer: Committer,
    index: Index,
    policy: Policy,
    *,
    by: str,
    dry_run: bool,
    watched: bool,
) -> list[list[DeployResult]]:
    planned: list[tuple[Planned, ...] | Refused] = []

    def decide(connection: DuckDBPyConnection) -> Decision:
        known = sources(connection, {file.source.path for file in files}) if watched else {}
        left = [_left_to_deploy(file, known) for file in files] if known else files
        planned[:] = plan([file.documents for file in left], state_of(left, connection), policy, by)
        return _decision(left, planned, known, watched=watched)

    sequence = None
    if dry_run:
        with index.read() as connection:
            decide(connection)
    elif files:
        head = committer.commit(decide, by)
        sequence = head.sequence if head else None
    return [_results(file, result, sequence) for file, result in zip(files, planned, strict=True)]


def _left_to_deploy(file: PreparedFile, known: dict[str, Digest]) -> PreparedFile:
    """The file, without its documents if its path was last deployed with the same bytes."""
    digest = known.get(file.source.path)
    return file if digest is None or digest != Digest.of(file.source.data) else PreparedFile(file.source, ())


def state_of(files: Sequence[PreparedFile], connection: DuckDBPyConnection) -> State:
    """The facts that a plan of `files` looks at."""
    documents = [document for file in files for document in file.documents]
    tasks = [document.task_id for document in documents if isinstance(document, PreparedTask)]
    projects = {task.project for task in tasks}
    projects |= {document.project.id for document in documents if not isinstance(document, PreparedTask)}
    return State.of(current(connection, projects=projects, versions=set(tasks), tasks={task.task for task in tasks}))


def _decision(
    files: Sequence[PreparedFile],
    planned: Sequence[tuple[Planned, ...] | Refused],
    known: dict[str, Digest],
    *,
    watched: bool,
) -> Decision:
    changes: list[Change] = []
    blobs: dict[Digest, bytes] = {}
    unchanged: dict[Digest, bytes] = {}
    for file, result in zip(files, planned, strict=True):
        if isinstance(result, Refused):
            continue
        for document, outcome in zip(file.documents, result, strict=True):
            changes.extend(outcome.changes)
            if isinstance(document, PreparedTask):
                (blobs if outcome.changes else unchanged)[document.digest] = document.spec
        if watched:
            digest = Digest.of(file.source.data)
            if known.get(file.source.path) != digest:
                changes.append(SourceChange(path=file.source.path, digest=digest))
    return Decision(tuple(changes), blobs, unchanged)


def _results(file: PreparedFile, result: tuple[Planned, ...] | Refused, sequence: int | None) -> list[DeployResult]:
    if isinstance(result, Refused):
        return [
            describe(file, number, Outcome.REJECTED, error=refusal(number, result))
            for number in range(len(file.documents))
        ]
    return [
        describe(file, number, planned.outcome, planned=planned, sequence=sequence)
        for number, planned in enumerate(result)
    ]


def refusal(number: int, refused: Refused) -> TaskstoreError:
    """Why document `number` of a refused file was not deployed."""
    if number == refused.document:
        return refused.error
    return ConflictError(
        f"document {refused.document + 1} of the same file was refused", hint="a file is deployed whole or not at all"
    )


def describe(
    file: PreparedFile,
    number: int,
    outcome: Outcome,
    *,
    planned: Planned | None = None,
    sequence: int | None = None,
    error: TaskstoreError | None = None,
) -> DeployResult:
    """What became, or would become, of document `number` of a file."""
    document = file.documents[number]
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
