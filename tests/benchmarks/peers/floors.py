"""What nothing on this disk and DuckDB can undercut: the same writes and waits without any of taskstore's promises."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from taskstore.disk.folders import open_folder
from taskstore.disk.sync import CAN_SYNC_FILESYSTEM, sync, sync_filesystem


def write_batch(root: Path, blobs: list[bytes]) -> None:
    """Create all in one folder, syncfs, rename all to another, syncfs."""
    (root / "from").mkdir(parents=True)
    (root / "to").mkdir()
    with open_folder(root / "from") as source, open_folder(root / "to") as target:
        for number, data in enumerate(blobs):
            _write(str(number), data, source, durable=not CAN_SYNC_FILESYSTEM)
        _sync_batch(source)
        for number in range(len(blobs)):
            os.rename(str(number), str(number), src_dir_fd=source, dst_dir_fd=target)
        _sync_batch(target)


def write_one(root: Path, name: str, data: bytes) -> None:
    """Write, fsync, rename, fsync of the folder: what makes one file durable under its name."""
    with open_folder(root) as folder:
        _write(f"{name}.tmp", data, folder, durable=True)
        os.rename(f"{name}.tmp", name, src_dir_fd=folder, dst_dir_fd=folder)
        sync(folder)


def _write(name: str, data: bytes, folder: int, *, durable: bool) -> None:
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444, dir_fd=folder)
    os.write(descriptor, data)
    if durable:
        sync(descriptor)
    os.close(descriptor)


def _sync_batch(folder: int) -> None:
    if CAN_SYNC_FILESYSTEM:
        sync_filesystem(folder)
    else:
        sync(folder)


class BareTable:
    """A DuckDB file with one table of `rows` tasks, opened, upserted into and closed each time."""

    def __init__(self, path: Path, rows: int) -> None:
        self._path = path
        with duckdb.connect(str(path)) as connection:
            connection.execute(
                "CREATE TABLE tasks AS SELECT 'task_' || range AS name, 'v0' AS version, repeat('x', 64) AS digest,"
                " now()::TIMESTAMP AS created_at FROM range(?)",
                [rows],
            )

    def upsert(self, name: str, version: str) -> None:
        """Open, upsert one row, close."""
        with duckdb.connect(str(self._path)) as connection:
            connection.execute(
                "MERGE INTO tasks USING (SELECT ? AS name, ? AS version, repeat('y', 64) AS digest,"
                " now()::TIMESTAMP AS created_at) AS fresh USING (name)"
                " WHEN MATCHED THEN UPDATE BY NAME WHEN NOT MATCHED THEN INSERT BY NAME",
                [name, version],
            )
