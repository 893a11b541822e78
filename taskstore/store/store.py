"""The store: one folder, opened. Every operation of the library is a method here; its neighbours do the work.

What deploys or asks in SQL is imported by the methods that need it: a command that only lists need not wait for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec
from duckdb import DuckDBPyConnection

from taskstore.cas import FileBlobStore
from taskstore.errors import SignatureMissingError
from taskstore.index import Index, queries
from taskstore.index import sources as known_sources
from taskstore.index.queries import (
    LogQuery,
    ProjectRow,
    SpecUserRow,
    TaskPage,
    TaskQuery,
    TriggerDetail,
    TriggerPage,
    TriggerQuery,
    TriggerRevisionRow,
    VersionPage,
    VersionQuery,
)
from taskstore.journal import FileJournal, Head
from taskstore.journal.changes import BlobChange, TriggerAction
from taskstore.plan.policy import Policy, ProjectPolicy, SignaturePolicy, VersionPolicy
from taskstore.store import blobs, health, operate, show
from taskstore.store.commit import Clock, Committer, Decision, system_clock
from taskstore.store.config import StoreConfig, create_store, find_store, prepare_folders, read_config
from taskstore.store.log import LogEntry, read_log
from taskstore.store.operate import OperateResult
from taskstore.store.results import RebuildResult
from taskstore.store.show import AsOf, Comparison, StoreStatus, TaskDetails, TaskRevision
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId, TaskName, check_project

if TYPE_CHECKING:
    from taskstore.index.sql import SqlAnswer
    from taskstore.plan.fires import Fire
    from taskstore.store.preparing import Deployable
    from taskstore.store.preview import DeployPreview
    from taskstore.store.results import DeployReport, SpecListing, SpecResult
    from taskstore.store.rollback import RollbackResult
    from taskstore.store.source import Source
    from taskstore_specs.models import DeployTask, Trigger


class Store:
    """A registry of task definitions in a folder. Use it as a context manager, or `close` it.

    Any number of processes may have the same store open and read and write it at once. Every method raises
    TaskstoreError and nothing else on purpose; what a method acknowledges by returning survives a power cut.
    """

    def __init__(self, root: Path, config: StoreConfig, clock: Clock = system_clock) -> None:
        self.root = root
        self.config = config
        self.blobs = FileBlobStore(root)
        self.journal = FileJournal(root, config.store_id)
        self.index = Index(root / "index.duckdb", root / "locks", self.journal)
        self._clock = clock
        self._committer = Committer(self.blobs, self.journal, self.index, clock)

    @classmethod
    def init(
        cls,
        root: Path | str,
        *,
        projects: Sequence[str] = (),
        versions: VersionPolicy = VersionPolicy.MUTABLE,
        project_policy: ProjectPolicy = ProjectPolicy.DECLARED,
        signatures: SignaturePolicy = SignaturePolicy.OPTIONAL,
    ) -> Self:
        """Make a store in a new or empty folder and open it. Raises AlreadyExistsError, StorageError."""
        path = Path(root).absolute()
        create_store(path, Policy(versions=versions, projects=project_policy, signatures=signatures))
        store = cls.open(path)
        for project in projects:
            store.create_project(project)
        return store

    @classmethod
    def open(cls, root: Path | str, *, clock: Clock = system_clock) -> Self:
        """Open the store at `root`. Raises StoreNotFoundError, UnsupportedFormatError."""
        path = Path(root).absolute()
        config = read_config(path)
        prepare_folders(path)
        return cls(path, config, clock)

    @staticmethod
    def find(start: Path | str) -> Path:
        """The nearest folder from `start` upwards that is a store, as git looks for one. Raises StoreNotFoundError."""
        return find_store(Path(start).absolute())

    def release(self) -> None:
        """Let others have the index now; by itself it is kept for a moment, for what may follow."""
        self.index.release()

    def close(self) -> None:
        """Give the index and its memory up. The store can still be used: the index is opened again when needed."""
        self.index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def deploy(
        self, sources: Iterable[Deployable], *, by: str | None = None, dry_run: bool = False, watched: bool = False
    ) -> DeployReport:
        """Deploy manifest files, each as one transaction; goes on after a refused one.

        `by` names who deploys (the user and host when None). `dry_run` decides and writes nothing. `watched` records
        each file's path and digest, so that `sources` knows what was taken from a watched folder, and leaves alone a
        file with the digest that its path was last deployed with, whatever was deployed since: it has no result.
        Raises BusyError, StorageError; what an earlier batch recorded stands, and deploying everything again is
        harmless.
        """
        from taskstore.store.deploy import deploy
        from taskstore.store.signed import guard_of

        return deploy(
            sources,
            self._committer,
            self.index,
            self.config.policies,
            guard_of(self.root, self.config.policies, self._clock),
            by=by or caller(),
            dry_run=dry_run,
            watched=watched,
        )

    def sources(self, paths: Iterable[str]) -> dict[str, Digest]:
        """The digest that each watched file had when it was last deployed; those never deployed are left out."""
        wanted = set(paths)
        return self.index.ask(lambda connection: known_sources(connection, wanted))

    def create_project(
        self, project: str, name: str = "", description: str = "", *, by: str | None = None
    ) -> OperateResult:
        """Declare a project. Raises InvalidIdentityError, AlreadyExistsError."""
        return operate.create_project(self._committer, check_project(project), name, description, by or caller())

    def update_project(
        self, project: str, name: str, description: str, *, archived: bool, by: str | None = None
    ) -> OperateResult:
        """Describe a project anew, archive it or take it back into use, at once. Raises ProjectNotFoundError."""
        return operate.update_project(self._committer, project, name, description, by or caller(), archived=archived)

    def archive_project(self, project: str, *, by: str | None = None) -> OperateResult:
        """Archive a project: it takes no deploys and still lists. Raises ProjectNotFoundError."""
        return operate.set_project_archived(self._committer, project, by or caller(), archived=True)

    def restore_project(self, project: str, *, by: str | None = None) -> OperateResult:
        """Take an archived project back into use. Raises ProjectNotFoundError."""
        return operate.set_project_archived(self._committer, project, by or caller(), archived=False)

    def operate_triggers(
        self, action: TriggerAction, task: TaskName, names: Sequence[str], *, by: str | None = None
    ) -> OperateResult:
        """Activate, deactivate, pause, resume or delete the named triggers, all or none; those already so are left
        alone. Raises TriggerNotFoundError, ProjectArchivedError."""
        return self.operate_many_triggers(action, {task: names}, by=by)

    def operate_many_triggers(
        self, action: TriggerAction, wanted: Mapping[TaskName, Sequence[str]], *, by: str | None = None
    ) -> OperateResult:
        """As `operate_triggers`, of several tasks at once."""
        return operate.operate_triggers(self._committer, action, wanted, by or caller())

    def deploy_trigger(
        self, task_id: TaskId, trigger: Trigger, *, expected_revision: int | None = None, by: str | None = None
    ) -> OperateResult:
        """Deploy one trigger beside the others of its task. `expected_revision` (0: none yet) is an optimistic lock.

        A store that requires signatures takes triggers within signed manifests only. Raises TaskNotFoundError,
        RevisionConflictError, InvalidInputError, ProjectArchivedError, SignatureMissingError.
        """
        if self.config.policies.signatures is SignaturePolicy.REQUIRED:
            raise SignatureMissingError(
                f"the trigger {trigger.name!r} has no signature", hint="deploy a signed manifest that has it"
            )
        return operate.deploy_trigger(self._committer, task_id, trigger, expected_revision, by or caller())

    def delete_version(self, task_id: TaskId, *, by: str | None = None) -> OperateResult:
        """Take a version out of the lists, softly. Raises TaskNotFoundError, ConflictError while triggers start it."""
        return operate.delete_version(self._committer, task_id, by or caller())

    def undelete_version(self, task_id: TaskId, *, by: str | None = None) -> OperateResult:
        """Bring a deleted version back. Raises TaskNotFoundError."""
        return operate.undelete_version(self._committer, task_id, by or caller())

    def rollback(self, task_id: TaskId, *, by: str | None = None) -> RollbackResult:
        """Deploy a version again with the trigger set that it was last deployed with, as a new revision.

        Raises TaskNotFoundError, ProjectArchivedError, BlobDamagedError.
        """
        from taskstore.store.rollback import rollback

        return rollback(self._committer, self.blobs, self.config.policies, task_id, by or caller())

    def preview(self, sources: Iterable[Source], *, by: str | None = None) -> tuple[DeployPreview, ...]:
        """What deploying each source in turn would change, field by field. Writes nothing. Raises BusyError."""
        from taskstore.store.preview import preview
        from taskstore.store.signed import guard_of

        policy, now = self.config.policies, self._clock()
        guard = guard_of(self.root, policy, self._clock)
        return preview(sources, self.index, self.blobs, policy, guard, by=by or caller(), now=now)

    def compare(self, before: TaskId, after: TaskId) -> Comparison:
        """How the specification of `after` differs from that of `before`. Raises as `show_task`."""
        return self.index.ask(lambda connection: show.compare(connection, self.blobs, before, after))

    def upcoming(
        self,
        start: datetime | None = None,
        until: datetime | None = None,
        *,
        project: str | None = None,
        domain: str | None = None,
        task_name: str | None = None,
        limit: int = 50,
    ) -> tuple[Fire, ...]:
        """The next `limit` fires of the triggers in scope, from `start` (now) to `until` (a day later), by time.

        Raises InvalidQueryError.
        """
        from taskstore.store.upcoming import list_upcoming

        rows = self.index.ask(
            lambda connection: queries.list_scheduled(connection, project=project, domain=domain, task_name=task_name)
        )
        begin = start or self._clock()
        return list_upcoming(rows, begin, until or begin + timedelta(days=1), limit)

    def put_spec(self, source: Source, *, expected: Digest | None = None, by: str | None = None) -> SpecResult:
        """Store a specification alone, unless the registry has it. Raises ManifestError, and ConflictError when
        `expected` is not its digest."""
        from taskstore.store.specs import put_spec

        return put_spec(self._committer, source, expected, by or caller())

    def get_spec(self, digest: Digest) -> bytes:
        """The exact bytes of a specification, verified. Raises BlobNotFoundError, BlobDamagedError."""
        return self.blobs.get(digest)

    def export_request(self, task: TaskName, version: str | None = None) -> DeployTask:
        """What deploys a version (the newest when None) as it was last deployed. Raises TaskNotFoundError,
        BlobDamagedError."""
        from taskstore.store.request import export_request

        return self.index.ask(lambda connection: export_request(connection, self.blobs, task, version))

    def put_blob(self, name: str, data: bytes, *, media_type: str, by: str | None = None) -> BlobChange:
        """Keep bytes that specifications refer to as `taskstore://NAME`. Raises InvalidIdentityError, and ConflictError
        when the name stands for other bytes."""
        return blobs.put_blob(self._committer, name, data, media_type, by or caller())

    def find_blob(self, name: str) -> BlobChange:
        """What `taskstore://NAME` stands for. Raises BlobNameNotFoundError."""
        return blobs.find_blob(self.index, name)

    def list_projects(self, *, as_of: AsOf = None) -> tuple[ProjectRow, ...]:
        """Every project, archived ones too, by id."""
        return self.index.ask(lambda connection: queries.list_projects(connection, as_of=as_of))

    def list_tasks(self, query: TaskQuery | None = None) -> TaskPage:
        """A page of tasks, of each the newest version unless the query says otherwise. Raises InvalidQueryError."""
        return self.index.ask(lambda connection: queries.list_tasks(connection, query or TaskQuery()))

    def list_versions(self, query: VersionQuery) -> VersionPage:
        """A page of a task's versions, newest first. Raises TaskNotFoundError, InvalidQueryError."""
        return self.index.ask(lambda connection: show.list_versions(connection, query))

    def show_task(
        self, task: TaskName, version: str | None = None, *, revision: int | None = None, as_of: AsOf = None
    ) -> TaskDetails:
        """Everything about a version of `task`, the newest when None: as it is, as it was at `as_of` (a journal
        sequence or a time), or with the content of an old `revision`. Raises TaskNotFoundError, BlobDamagedError."""
        return self.index.ask(lambda connection: show.show_task(connection, self.blobs, task, version, revision, as_of))

    def history(self, task: TaskName, version: str | None = None) -> tuple[TaskRevision, ...]:
        """Every change of one version of `task`, or of all of them, newest first. Raises TaskNotFoundError."""
        return self.index.ask(lambda connection: show.show_history(connection, task, version))

    def list_triggers(self, query: TriggerQuery | None = None) -> TriggerPage:
        """A page of triggers: those that fire first, then the newest. Raises InvalidQueryError."""
        return self.index.ask(lambda connection: queries.list_triggers(connection, query or TriggerQuery()))

    def show_trigger(self, task: TaskName, name: str, *, as_of: AsOf = None) -> TriggerDetail:
        """A trigger of `task`, deleted or not. Raises TaskNotFoundError, TriggerNotFoundError."""
        return self.index.ask(lambda connection: show.show_trigger(connection, task, name, as_of))

    def show_trigger_revision(self, task: TaskName, name: str, revision: int) -> TriggerRevisionRow:
        """A trigger of `task` as it was at a revision. Raises TaskNotFoundError, TriggerNotFoundError."""
        return self.index.ask(lambda connection: show.show_trigger_revision(connection, task, name, revision))

    def trigger_history(self, task: TaskName, name: str) -> tuple[TriggerRevisionRow, ...]:
        """Every revision of a trigger, newest first. Raises TaskNotFoundError, TriggerNotFoundError."""
        return self.index.ask(lambda connection: show.show_trigger_history(connection, task, name))

    def list_specs(self, limit: int | None = 0) -> tuple[SpecListing, ...]:
        """The specifications, the latest named first: `limit` many, None for all. Raises InvalidQueryError."""
        from taskstore.store.specs import list_specs

        return list_specs(self.index, self.blobs, limit)

    def spec_users(self, digest: Digest) -> tuple[SpecUserRow, ...]:
        """Every task version that a specification was ever deployed as."""
        return self.index.ask(lambda connection: queries.spec_users(connection, digest))

    def log(self, query: LogQuery | None = None) -> tuple[LogEntry, ...]:
        """The journal's entries, newest first, and what each recorded. Raises InvalidQueryError."""
        return read_log(self.index, self.journal, query or LogQuery())

    def sql(self, question: str) -> SqlAnswer:
        """Answer one SELECT on the index's tables (`specs/sql.md`). Raises InvalidQueryError, LimitExceededError."""
        from taskstore.index.sql import ask_sql

        return self.index.ask(lambda connection: ask_sql(connection, question))

    def sql_to_parquet(self, question: str, file: Path) -> int:
        """Write the answer to one SELECT to the new Parquet file `file`; how many rows it has.

        Raises InvalidQueryError, AlreadyExistsError, StorageError.
        """
        from taskstore.store.export import write_parquet

        return write_parquet(self.index, question, file)

    def status(self) -> StoreStatus:
        """The store as a whole: who it is, where its journal ends, how much it holds, who watches folders for it."""
        lag = self.index.lag()
        counts = self.index.ask(queries.count_all)
        head = self.journal.head()
        return StoreStatus(
            store=str(self.root),
            store_id=self.config.store_id,
            sequence=head.sequence,
            digest=head.digest,
            committed_at=head.committed_at,
            index_bytes=self.index.size(),
            index_lag=lag,
            daemons=tuple(map(health.summarize, health.read_all(self.root))),
            **msgspec.structs.asdict(counts),
        )

    def commit(self, decide: Callable[[DuckDBPyConnection], Decision], by: str) -> Head | None:
        """Record what `decide` makes of the current facts: see `Committer.commit`. For programs that record facts which
        were decided elsewhere, such as those of a bundle."""
        return self._committer.commit(decide, by)

    def rebuild(self) -> RebuildResult:
        """Make the index anew from the journal. Raises JournalDamagedError, BusyError, StorageError."""
        started = time.monotonic()
        head = self.index.rebuild()
        return RebuildResult(head.sequence, time.monotonic() - started)


def caller() -> str:
    """Who is asking: `user@host`, as the journal records it."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
