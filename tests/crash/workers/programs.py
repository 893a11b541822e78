"""Does one thing to a store, as the programs do, and notes outside the store what was acknowledged.

    python programs.py STORE NOTES WHAT [BREAK]

WHAT is a name of WORK. Exits with 3 when the store refused in a way that a caller can handle, with 4 when only the note
could not be written. BREAK is a defect to put in, so that the tests can show that they would find it: `no-fsync`,
`no-folder-fsync`, `early-note` (acknowledged before the commit), `early-index` (the index before the journal) or
`late-blobs` (the blobs after the journal).
"""

from __future__ import annotations

import json
import logging
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taskstore import Format, Source, Store
from taskstore.bundle import OnConflict, apply, opened, survey
from taskstore.bundle.progress import quiet
from taskstore.check import StoreDonor, gc, repair
from taskstore.disk import sync
from taskstore.errors import TaskstoreError
from taskstore.index import IndexWriter
from taskstore.journal.changes import TriggerAction
from taskstore.journal.entry import Entry, Head, encode
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskName

REFUSED, UNNOTED = 3, 4
FILES = 7
"""How many files a batch has: more than are synced one by one."""


def manifest(file: str, version: str, documents: int = 1) -> Source:
    """A file of so many tasks, `p/d/env.FILE-N` at `version`, the first with two triggers."""
    requests = [
        {
            "taskId": {"project": "p", "domain": "d", "name": f"env.{file}-{number}", "version": version},
            "spec": {"taskTemplate": {"container": {"image": f"{file}:{version}", "args": ["x" * 400]}}},
            "triggers": [] if number else [trigger("nightly", 1), trigger("hourly", 2)],
        }
        for number in range(documents)
    ]
    return Source(f"{file}.json", json.dumps(requests).encode(), Format.JSON)


def trigger(name: str, hour: int) -> dict[str, Any]:
    """A trigger that fires at that hour."""
    schedule = {"schedule": {"cron": {"expression": f"0 {hour} * * *"}}}
    return {"name": name, "spec": {"active": True}, "automationSpec": schedule}


def batch(version: str) -> list[Source]:
    """Several files, one of them with several documents."""
    return [manifest(f"file{number}", version, 3 if number == 2 else 1) for number in range(FILES)]


def deploy(store: Store, notes: Path, sources: list[Source], defect: str = "") -> None:
    """Deploy, and note each task that was acknowledged."""
    if defect == "early-note":
        note(notes, [f"p/d/env.{Path(source.path).stem}-0@{version_of(source)} -" for source in sources])
    report = store.deploy(sources, by="worker")
    for result in report.results:
        if result.error is not None:
            raise result.error
    note(notes, [f"{result.task} {result.digest}" for result in report.results])


def version_of(source: Source) -> str:
    """The version in the first document of a manifest."""
    return str(json.loads(source.data)[0]["taskId"]["version"])


def note(path: Path, lines: list[str]) -> None:
    """Write down what was acknowledged; ends the worker if the fault met this instead of the store."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(descriptor, "".join(f"{line}\n" for line in lines).encode())
        os.close(descriptor)
    except OSError:
        sys.exit(UNNOTED)


def ingest(store: Store, notes: Path, defect: str) -> None:
    """What the daemon does with an inbox that holds a batch; the receipts are the acknowledgements."""
    from taskstore_daemon.main import main

    logging.raiseExceptions = False  # a fault may meet a line of the log, which logging would tell with a traceback
    inbox = notes.with_suffix(".inbox")
    code = main(["run", "--once", "--store", str(store.root), str(inbox), "--by", "worker"])
    if code:
        raise SystemExit(code)


def fix(store: Store, notes: Path, defect: str) -> None:
    """Fetch what is damaged from a good copy."""
    with Store.open(notes.with_suffix(".donor")) as donor:
        repair(store, StoreDonor(donor))


def pause(store: Store, notes: Path, defect: str) -> None:
    """What an operator does."""
    store.operate_triggers(TriggerAction.PAUSE, TaskName("p", "d", "env.file0-0"), ["nightly", "hourly"])


def take_in(store: Store, notes: Path, defect: str) -> None:
    """Apply a bundle, in several entries; of triggers that both stores have, those that come."""
    survey.FACTS_PER_ENTRY = 4
    with opened([notes.with_suffix(".bundle")]) as (bundle,):
        apply(store, bundle, OnConflict.THEIRS, "worker", quiet)
    note(notes, [f"p/d/env.{Path(source.path).stem}-0@v2 -" for source in batch("v2")])


WORK: dict[str, Callable[[Store, Path, str], object]] = {
    "deploy": lambda store, notes, defect: deploy(store, notes, [manifest("new", "v2", 2)], defect),
    "batch": lambda store, notes, defect: deploy(store, notes, batch("v2"), defect),
    "rebuild": lambda store, notes, defect: store.rebuild(),
    "gc": lambda store, notes, defect: gc(store, grace=-1.0),
    "ingest": ingest,
    "repair": fix,
    "pause": pause,
    "apply": take_in,
}
"""What can be done."""


def put_in(defect: str) -> None:
    """Break the code."""
    if defect == "no-fsync":
        os.fsync = lambda descriptor: None
        sync._syncfs = lambda descriptor: 0
    if defect == "no-folder-fsync":
        fsync = os.fsync

        def only_files(descriptor: int) -> None:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                fsync(descriptor)

        os.fsync = only_files


def break_store(store: Store, defect: str) -> None:
    """Break the order of writes in one store."""
    append, put_many, write = store.journal.append, store.blobs.put_many, store.index.write
    writers: list[IndexWriter] = []
    later: list[Any] = []

    @contextmanager
    def remembered() -> Iterator[IndexWriter]:
        with write() as writer:
            writers[:] = [writer]
            yield writer

    def index_first(entry: Entry) -> Head:
        writers[0].apply([(entry, Digest.of(encode(entry)))])
        return append(entry)

    def blobs_last(entry: Entry) -> Head:
        head = append(entry)
        put_many(later.pop())
        return head

    if defect == "early-index":
        store.index.write = remembered
        store.journal.append = index_first
    if defect == "late-blobs":
        store.blobs.put_many = later.append
        store.journal.append = blobs_last


def main() -> int:
    root, notes, what, *defects = sys.argv[1:]
    defect = defects[0] if defects else ""
    put_in(defect)
    try:
        with Store.open(Path(root)) as store:
            break_store(store, defect)
            os.getppid()  # where the injected faults may begin
            WORK[what](store, Path(notes), defect)
    except TaskstoreError as error:
        print(f"{error.code}: {error}")
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
