"""From bytes that were read to verdicts: what the journal knows is left alone, what two files contradict each other
in is refused, and the rest is deployed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from taskstore.errors import ConflictError, TaskstoreError
from taskstore.journal.changes import SourceChange
from taskstore.plan.outcome import Outcome
from taskstore.plan.prepare import PreparedTask
from taskstore.store.commit import Decision
from taskstore.store.preparing import PreparedFile, prepare_file
from taskstore.store.results import DeployResult
from taskstore.store.source import Source
from taskstore.store.store import Store, caller
from taskstore_daemon import log
from taskstore_daemon.claims import Claim, Claims, FileId
from taskstore_daemon.missing import Missing
from taskstore_daemon.take import Taken
from taskstore_daemon.verdict import Verdict

_RIVALS_NAMED = 5


class Arrival(msgspec.Struct, frozen=True):
    """A file that was read: which it is, what the journal calls it, what it held, the folder of its inbox, what was
    made of it, and what it claims.

    `key_before` is what the journal calls it if it was renamed since it was last dealt with.
    """

    file: FileId
    key: str
    taken: Taken
    root: Path
    prepared: PreparedFile | DeployResult
    claims: tuple[Claim, ...]
    key_before: str | None = None


class Ingest:
    """Deploys arrivals to one store. `by` is who deploys, None for the user and host; `key` is what the journal, and
    people, call a file; `missing` follows which tasks are spoken of, if anybody wants to know."""

    def __init__(self, store: Store, by: str | None, key: Callable[[FileId], str], missing: Missing | None) -> None:
        self._store = store
        self._by = by
        self._key = key
        self._missing = missing
        self._claims = Claims()
        self._shaken: set[FileId] = set()

    def deploy(self, arrivals: Sequence[Arrival], now: datetime) -> list[Verdict]:
        """Deal with these files; a verdict for each, in order.

        A file's content is known, and left alone, when it is what the file was last deployed with, whatever was
        deployed since by other ways. Raises BusyError, StorageError; then all of them can be dealt with again.
        """
        self._note_renamed([arrival for arrival in arrivals if arrival.key_before is not None])
        for arrival in arrivals:
            self._note_claims(arrival)
        results: dict[str, Sequence[DeployResult]] = {}
        new: list[PreparedFile] = []
        for arrival in arrivals:
            file = arrival.prepared
            if isinstance(file, DeployResult):
                results[arrival.key] = [file]
            elif refused := self._contradictions(arrival, file):
                results[arrival.key] = refused
            else:
                new.append(file)
        results |= self._deploy_apart(new, watched=True)
        results |= self._deploy_apart(self._to_restore(arrivals, results), watched=False)
        self._note_restored(arrivals, results)
        self._shaken -= {arrival.file for arrival in arrivals}
        return [_verdict(arrival, results.get(arrival.key, ()), now) for arrival in arrivals]

    def _note_renamed(self, renamed: Sequence[Arrival]) -> None:
        """A file that was renamed since it was deployed is known under its new name from now on."""
        if not renamed:
            return
        known = self._store.sources(key for arrival in renamed for key in (arrival.key, arrival.key_before) if key)
        changes = tuple(
            SourceChange(path=arrival.key, digest=arrival.taken.digest)
            for arrival in renamed
            if known.get(arrival.key_before or "") == arrival.taken.digest
            if known.get(arrival.key) != arrival.taken.digest
        )
        if changes:
            self._store.commit(lambda _: Decision(changes), self._by or caller())

    def forget(self, gone: Iterable[FileId]) -> None:
        """These files are gone, and claim nothing any more."""
        for file in gone:
            self._shaken |= self._claims.replace(file, ())
            if self._missing is not None:
                self._missing.gone(file)

    def take_shaken(self) -> set[FileId]:
        """The files to deal with anew, since what others claim has changed."""
        shaken, self._shaken = self._shaken, set()
        return shaken

    def _note_claims(self, arrival: Arrival) -> None:
        self._shaken |= self._claims.replace(arrival.file, arrival.claims)
        documents = arrival.prepared.documents if isinstance(arrival.prepared, PreparedFile) else ()
        if self._missing is not None and documents:
            # A file that cannot be read speaks of what it spoke of before: breaking it is not removing it.
            tasks = [document.task_id.task for document in documents if isinstance(document, PreparedTask)]
            self._missing.speaks(arrival.file, tasks)

    def _to_restore(
        self, arrivals: Sequence[Arrival], results: Mapping[str, Sequence[DeployResult]]
    ) -> list[PreparedFile]:
        """The files that are known and left alone, though what they deploy was pruned while they were gone."""
        if self._missing is None:
            return []
        return [
            arrival.prepared
            for arrival in arrivals
            if isinstance(arrival.prepared, PreparedFile)
            if not results[arrival.key] and self._missing.is_pruned(arrival.file)
        ]

    def _note_restored(self, arrivals: Sequence[Arrival], results: Mapping[str, Sequence[DeployResult]]) -> None:
        if self._missing is None:
            return
        for arrival in arrivals:
            if not any(result.error for result in results.get(arrival.key, ())):
                self._missing.restored(arrival.file)

    def _contradictions(self, arrival: Arrival, file: PreparedFile) -> list[DeployResult]:
        """The refusal of a file that another one contradicts; nothing when none does."""
        tasks = [document if isinstance(document, PreparedTask) else None for document in file.documents]
        others = [self._claims.contradicted(arrival.file, task, most=_RIVALS_NAMED) if task else [] for task in tasks]
        if not any(others):
            return []
        return [
            DeployResult(
                path=arrival.key,
                document=number,
                outcome=Outcome.REJECTED,
                task=task.task_id if task else None,
                digest=task.digest if task else None,
                error=self._conflict(arrival, task, rivals),
            )
            for number, (task, rivals) in enumerate(zip(tasks, others, strict=True))
        ]

    def _conflict(self, arrival: Arrival, task: PreparedTask | None, rivals: Sequence[FileId]) -> ConflictError:
        if task is None or not rivals:
            message = "another document of the same file was refused"
            return ConflictError(message, hint="a file is deployed whole or not at all")
        shown = ", ".join([arrival.key, *map(self._key, rivals)])
        return ConflictError(
            f"these files say different things about {task.task_id}, so none of them is deployed: {shown}",
            hint="keep one of them, or give each its own version",
        )

    def _deploy_apart(self, files: Sequence[PreparedFile], *, watched: bool) -> dict[str, list[DeployResult]]:
        """Deploy together, or one by one should that meet a fault of ours, so that only the file that causes it
        suffers. `watched` is as of `Store.deploy`."""
        if not files:
            return {}
        results: dict[str, list[DeployResult]] = {file.source.path: [] for file in files}
        try:
            for result in self._store.deploy(files, by=self._by, watched=watched).results:
                results[result.path].append(result)
        except TaskstoreError:
            raise
        except Exception as error:
            log.fault("a batch failed", files=len(files))
            if len(files) == 1:
                return {path: [_fault(path, error)] for path in results}
            for file in files:
                results |= self._deploy_apart([file], watched=watched)
        return results


def prepare(source: Source) -> PreparedFile | DeployResult:
    """Prepare one file; a fault of ours in that refuses it, and no other."""
    try:
        return prepare_file(source)
    except Exception as error:
        log.fault("a file could not be read", path=source.path)
        return _fault(source.path, error)


def _fault(path: str, error: Exception) -> DeployResult:
    message = f"this is a fault of taskstore: {type(error).__name__}: {error}"
    refused = TaskstoreError(message, hint="report it with the log; the file is tried again after a restart")
    return DeployResult(path=path, document=0, outcome=Outcome.REJECTED, error=refused)


def _verdict(arrival: Arrival, results: Sequence[DeployResult], now: datetime) -> Verdict:
    taken = arrival.taken
    known = DeployResult(path=arrival.key, document=0, outcome=Outcome.UNCHANGED)
    return Verdict(
        path=arrival.file.path,
        content=taken.digest,
        size=len(taken.data),
        at=now,
        results=tuple(results) or (known,),
        known=not results,
    )
