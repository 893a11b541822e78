"""A DuckDB instance that outlives the openings of the index, since making one takes ten times what attaching does.

An operation attaches the index's file and detaches it again, so that others can have it in between (`lease`). The
instance can reach that file and what DuckDB writes beside it, and nothing else; nobody can change that afterwards.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import duckdb

from taskstore.errors import BusyError
from taskstore.index.connection import BOUNDED, confine, unless_held

_NAME = '"index"'
"""What the file is called in the instance: what DuckDB calls `index.duckdb` by itself."""
_BESIDE = ("", ".wal", ".wal.checkpoint", ".wal.recovery")
"""The file, and the files that DuckDB 2 makes of it."""


class Instance:
    """Attaches the file `path`, to one connection at a time; `temporary` is the folder to spill to. Not for several
    threads at once."""

    def __init__(self, path: Path, temporary: Path) -> None:
        self._path, self._temporary = path.absolute(), temporary
        self._instance: duckdb.DuckDBPyConnection | None = None
        self._connection: duckdb.DuckDBPyConnection | None = None

    def make_ready(self) -> None:
        """Make the instance if there is none, which takes no lock. What fails, `attach` meets again."""
        if self._instance is None:
            with suppress(duckdb.Error):
                self._instance = self._made()

    def attach(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        """A connection to the file, to be ended by `detach`.

        Raises BusyError as `unless_held`, and when this process itself holds the file in another way; duckdb.Error when
        the file cannot be used.
        """
        try:
            return self._attached(read_only)
        except duckdb.PermissionException:
            # DuckDB notes where an allowed path leads: there was a link when the instance was made, or there is now.
            return self._attached(read_only)

    def detach(self) -> None:
        """Write what the write-ahead log holds to the file and let go of it. What fails, the next opening finds."""
        connection, self._connection = self._connection, None
        if connection is None or self._instance is None:
            return
        try:
            connection.close()
            self._instance.execute(f"DETACH {_NAME}")
        except duckdb.Error:
            self.close()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give up the instance with what is attached. The next `attach` makes another."""
        instances, self._instance, self._connection = (self._connection, self._instance), None, None
        for instance in instances:
            if instance is not None:
                with suppress(duckdb.Error):
                    instance.close()

    def forget(self) -> None:
        """In a child that was forked: leave the parent's instance be; to close it would write to the parent's file."""
        _abandoned.append((self._instance, self._connection))
        self._instance = self._connection = None

    def _made(self) -> duckdb.DuckDBPyConnection:
        instance = duckdb.connect(":memory:", config={**BOUNDED, "temp_directory": str(self._temporary)})
        confine(instance, *(self._path.with_name(self._path.name + suffix) for suffix in _BESIDE))
        return instance

    def _attached(self, read_only: bool) -> duckdb.DuckDBPyConnection:
        try:
            if self._instance is None:
                self._instance = self._made()
            self._connection = self._instance.cursor()
            self._attach(self._connection, read_only)
        except BaseException:
            self.close()
            raise
        return self._connection

    def _attach(self, connection: duckdb.DuckDBPyConnection, read_only: bool) -> None:
        mode = "READ_ONLY" if read_only else "READ_WRITE"
        statement = f"ATTACH ? AS {_NAME} (TYPE duckdb, {mode})"
        try:
            unless_held(self._path, lambda: connection.execute(statement, [str(self._path)]))
        except duckdb.ResourceInUseException as error:
            raise BusyError(
                f"{self._path} is held by another DuckDB connection of this process",
                hint="close that connection; a process that was forked in the midst of an operation has its parent's",
            ) from error
        connection.execute(f"USE {_NAME}")


_abandoned: list[tuple[duckdb.DuckDBPyConnection | None, ...]] = []
