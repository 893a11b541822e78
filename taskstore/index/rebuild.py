"""Making the index anew from the journal, beside the old one, and putting it in its place."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import duckdb

from taskstore.disk.faults import storage_errors
from taskstore.errors import LimitExceededError
from taskstore.index import apply, history
from taskstore.index.connection import MEMORY_WITHOUT_FILE, connect, connect_memory
from taskstore.index.derived import parts
from taskstore.journal import Entry, Journal
from taskstore_specs.digest import Digest

CHUNK = 5_000
"""How many changes are taken in at once, which bounds the memory of a rebuild. An entry is never split."""

DAMAGED = "index.duckdb.damaged"


def chunks(entries: Iterable[tuple[Entry, Digest]]) -> Iterator[list[tuple[Entry, Digest]]]:
    """The entries in groups of about CHUNK changes."""
    chunk: list[tuple[Entry, Digest]] = []
    size = 0
    for entry in entries:
        chunk.append(entry)
        size += 1 + len(entry[0].changes)
        if size >= CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def rebuild(path: Path, temporary: Path, journal: Journal) -> None:
    """Write a new index of the whole journal and rename it to `path`. The caller holds the index alone.

    Raises JournalDamagedError, leaving the old index; StorageError; duckdb.Error when DuckDB cannot write.
    """
    new = temporary / f"index-{os.urandom(8).hex()}.duckdb"
    try:
        with contextlib.closing(connect(new, read_only=False, temporary=temporary)) as connection:
            apply.create(connection)
            load(connection, chunks(journal.entries()))
            connection.execute("CHECKPOINT")
        with storage_errors("cannot put the new index in its place", path):
            _wal(path).unlink(missing_ok=True)
            new.replace(path)
    finally:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
            _wal(new).unlink(missing_ok=True)


def in_memory(journal: Journal) -> duckdb.DuckDBPyConnection:
    """An index of the whole journal that is gone when it is closed, for stores that cannot be written.

    Raises LimitExceededError if it takes more than MEMORY_WITHOUT_FILE; JournalDamagedError.
    """
    connection = connect_memory()
    try:
        apply.create(connection)
        load(connection, chunks(journal.entries()))
    except duckdb.OutOfMemoryException as error:
        connection.close()
        raise LimitExceededError(
            f"the index is behind and does not fit in {MEMORY_WITHOUT_FILE} of memory",
            hint="copy the store to where it can be written, and read it there",
        ) from error
    except BaseException:
        connection.close()
        raise
    return connection


def load(connection: duckdb.DuckDBPyConnection, chunks: Iterable[Sequence[tuple[Entry, Digest]]]) -> None:
    """Fill an empty index with a whole journal, given in chunks of one entry or more. When this raises, what is there
    is of no use.

    In several transactions, as DuckDB holds much of a large one in memory.
    """
    last = None
    with apply.transaction(connection):
        for chunk in chunks:
            apply.append(connection, history.rows_of(chunk))
            last = chunk[-1]
    if last is not None:
        _fill(connection, last[0].sequence)
        apply.move_head(connection, last, 0)


def _fill(connection: duckdb.DuckDBPyConnection, upto: int) -> None:
    """Fill the current tables, sorted by task so that the rows of a task lie together and a scan skips the others."""
    for part in parts(connection, upto):
        sorted_rows = f"({part.expected}) ORDER BY {', '.join(part.table.key)}"
        connection.execute(f"INSERT INTO {part.table.name} BY NAME FROM {sorted_rows}", part.parameters)


def set_aside(path: Path, temporary: Path) -> None:
    """Move a damaged index out of the way, for whoever wants to look into it. The last one is kept, older ones not.

    Raises StorageError.
    """
    name = f"{DAMAGED}-{time.time_ns()}"
    with storage_errors("cannot set the damaged index aside", path):
        for old in temporary.glob(f"{DAMAGED}-*"):
            old.unlink(missing_ok=True)
        for source, target in ((path, name), (_wal(path), f"{name}.wal")):
            with contextlib.suppress(FileNotFoundError):
                source.replace(temporary / target)


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")
