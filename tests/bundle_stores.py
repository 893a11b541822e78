"""Stores that send each other bundles, as the tests of bundles use them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from taskstore.bundle import Applied, OnConflict, apply, make_bundle, opened, take_receipt
from taskstore.bundle.progress import quiet
from taskstore.index.selection import Selection
from taskstore.plan.policy import Policy, SignaturePolicy, VersionPolicy
from taskstore.store.config import create_store
from taskstore.store.store import Store
from taskstore_specs import Format

START = datetime(2026, 1, 1, tzinfo=UTC)
EVERYTHING = Selection()


class Ticking:
    """A clock that goes on by a second whenever it is looked at; several stores can share one."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def new_store(
    root: Path,
    clock: Callable[[], datetime] | None = None,
    *,
    projects: Iterable[str] = (),
    versions: VersionPolicy = VersionPolicy.MUTABLE,
    signatures: SignaturePolicy = SignaturePolicy.OPTIONAL,
) -> Store:
    """A new store at `root`."""
    create_store(root, Policy(versions=versions, signatures=signatures))
    store = Store.open(root, clock=clock or Ticking())
    for project in projects:
        store.create_project(project)
    return store


def deploy(store: Store, name: str, version: str, content: str, *triggers: str, project: str = "p") -> None:
    """Deploy a task whose spec has `content`, with daily triggers of these names."""
    from taskstore.store.source import Source

    document = {
        "taskId": {"project": project, "domain": "development", "name": name, "version": version},
        "spec": {"taskTemplate": {"content": content}},
        "triggers": [
            {
                "name": trigger,
                "spec": {"active": True},
                "automationSpec": {"schedule": {"cron": {"expression": "0 2 * * *"}}},
            }
            for trigger in triggers
        ],
    }
    report = store.deploy([Source(f"{name}.json", msgspec.json.encode(document), Format.JSON)])
    assert report.summary.rejected == 0, report.results


def send(
    source: Store,
    path: Path,
    *,
    to: Store | None = None,
    since: int | None = None,
    selection: Selection = EVERYTHING,
    most: int | None = None,
    key: Path | None = None,
) -> list[Path]:
    """A bundle of what `to` lacks, or of what follows `since`; its files."""
    receipt = take_receipt(to) if to else None
    made = make_bundle(
        source, path, since=since, receipt=receipt, selection=selection, most=most, key=key, progress=quiet
    )
    return list(made.files)


def take(store: Store, *paths: Path, on_conflict: OnConflict = OnConflict.REFUSE) -> Applied:
    """Apply one bundle."""
    with opened(paths) as (bundle,):
        return apply(store, bundle, on_conflict, "operator@here", quiet)


def ask(store: Store, query: str) -> list[tuple[Any, ...]]:
    """Rows of the store's index."""
    return store.index.ask(lambda connection: connection.execute(query).fetchall())


def versions(store: Store) -> list[tuple[Any, ...]]:
    """All that the index says of versions, apart from where it was recorded."""
    return ask(
        store,
        "SELECT * EXCLUDE (sequence, position, created_sequence, created_position) FROM task_versions ORDER BY ALL",
    )


def triggers(store: Store) -> list[tuple[Any, ...]]:
    """All that the index says of triggers, apart from where it was recorded."""
    return ask(store, "SELECT * EXCLUDE (sequence, position) FROM triggers ORDER BY ALL")


def content_of(store: Store) -> list[tuple[Any, ...]]:
    """What the versions are, whatever their revisions and times."""
    return ask(
        store, "SELECT project, domain, name, version, digest, deleted_at IS NOT NULL FROM task_versions ORDER BY ALL"
    )


def facts_of(store: Store) -> set[tuple[Any, ...]]:
    """When each version got which content: what no store that was told of it may lose."""
    return set(ask(store, 'SELECT project, domain, name, version, digest, "at" FROM task_revisions'))


def files_of(root: Path) -> dict[str, bytes]:
    """The blobs and entries of a store, as they lie there."""
    folders = (root / "objects", root / "journal")
    return {
        str(path.relative_to(root)): path.read_bytes()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    }
