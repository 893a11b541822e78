"""The store: one folder, opened. Every operation of the library is a method here; its neighbours do the work."""

from __future__ import annotations

import getpass
import socket
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from taskstore.cas import FileBlobStore
from taskstore.index import Index
from taskstore.journal import FileJournal
from taskstore.plan.deploy import Policy, ProjectPolicy, VersionPolicy
from taskstore.store.commit import Clock, Committer, system_clock
from taskstore.store.config import StoreConfig, create_store, find_store, read_config
from taskstore.store.deploy import deploy
from taskstore.store.results import DeployReport, RebuildResult
from taskstore.store.source import Source
from taskstore_specs.digest import Digest


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
        self._committer = Committer(self.blobs, self.journal, self.index, clock)

    @classmethod
    def init(
        cls,
        root: Path | str,
        *,
        projects: Sequence[str] = (),
        versions: VersionPolicy = VersionPolicy.MUTABLE,
        project_policy: ProjectPolicy = ProjectPolicy.DECLARED,
    ) -> Self:
        """Make a store in a new or empty folder and open it. Raises AlreadyExistsError, StorageError."""
        path = Path(root).absolute()
        create_store(path, Policy(versions=versions, projects=project_policy))
        store = cls.open(path)
        for project in projects:
            store.create_project(project)
        return store

    @classmethod
    def open(cls, root: Path | str, *, clock: Clock = system_clock) -> Self:
        """Open the store at `root`. Raises StoreNotFoundError, UnsupportedFormatError."""
        path = Path(root).absolute()
        return cls(path, read_config(path), clock)

    @staticmethod
    def find(start: Path | str) -> Path:
        """The nearest folder from `start` upwards that is a store, as git looks for one. Raises StoreNotFoundError."""
        return find_store(Path(start).absolute())

    def close(self) -> None:
        """Give the index up. The store can still be used: it is opened again when needed."""
        self.index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def deploy(
        self, sources: Iterable[Source], *, by: str | None = None, dry_run: bool = False, watched: bool = False
    ) -> DeployReport:
        """Deploy manifest files, each as one transaction; goes on after a refused one.

        `by` names who deploys (the user and host when None). `dry_run` decides and writes nothing. `watched` records
        each file's path and digest, so that `sources` knows what was taken from a watched folder. Raises BusyError,
        StorageError; what an earlier batch recorded stands, and deploying everything again is harmless.
        """
        return deploy(
            sources,
            self._committer,
            self.index,
            self.config.policies,
            by=by or caller(),
            dry_run=dry_run,
            watched=watched,
        )

    def get_spec(self, digest: Digest) -> bytes:
        """The exact bytes of a specification, verified. Raises BlobNotFoundError, BlobDamagedError."""
        return self.blobs.get(digest)

    def rebuild(self) -> RebuildResult:
        """Make the index anew from the journal. Raises JournalDamagedError, BusyError, StorageError."""
        started = time.monotonic()
        head = self.index.rebuild()
        return RebuildResult(head.sequence, time.monotonic() - started)


def caller() -> str:
    """Who is asking: `user@host`, as the journal records it."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
