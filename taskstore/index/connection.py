"""Opening the index's DuckDB file, confined and within bounds."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import duckdb

from taskstore.errors import BusyError

FOREIGN_WAIT = 5.0
"""Seconds to wait for a program that holds the file without taking part in our locks."""
_RETRY = 0.02

MEMORY = "128MB"
"""What DuckDB may use before it spills to `tmp/`; with Python and the libraries a process then stays below 300 MB."""
THREADS = "2"
"""How many compute, whatever the machine has: each holds tens of megabytes of the memory."""
MEMORY_WITHOUT_FILE = "1GB"
"""What an index may take that cannot spill, on a store that cannot be written."""

BOUNDED = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "memory_limit": MEMORY,
    "threads": THREADS,
}
"""How every connection is opened: nothing is fetched from anywhere, within these bounds."""
_LOCKED = {"enable_external_access": "false", "lock_configuration": "true"}
"""Confines a connection to its own file for good."""
_CONFINED = {**BOUNDED, **_LOCKED}
_HELD = re.compile(r"Could not set lock on file.*?(?:held in (?P<program>.*?) \(PID (?P<pid>\d+)\)|\Z)", re.DOTALL)


Answer = TypeVar("Answer")


def connect(path: Path, *, read_only: bool, temporary: Path) -> duckdb.DuckDBPyConnection:
    """Open the file `path`; nothing in a query can reach other files, extensions or these settings.

    `temporary` is the folder to spill to once the memory is used that is allowed. Raises BusyError as `unless_held`;
    duckdb.Error when the file cannot be used.
    """
    config = _config(temporary)
    return unless_held(path, lambda: duckdb.connect(str(path), read_only=read_only, config=config))


def unless_held(path: Path, opening: Callable[[], Answer]) -> Answer:
    """What `opening` the file `path` gives.

    Raises BusyError, naming the process, when another program holds the file for longer than FOREIGN_WAIT; and as
    `opening`.
    """
    deadline = time.monotonic() + FOREIGN_WAIT
    while True:
        try:
            return opening()
        except duckdb.IOException as error:
            held = _HELD.search(str(error))
            if held is None:
                raise
            if time.monotonic() > deadline:
                raise _busy(path, held) from error
        time.sleep(_RETRY)


def confine(connection: duckdb.DuckDBPyConnection, *files: Path) -> None:
    """Confine a connection to `files`, whose paths no user has chosen, for good. Raises duckdb.Error.

    They must be allowed before all others are forbidden, which the order of a configuration does not tell.
    """
    # A setting takes no parameters, so the paths are quoted by hand.
    allowed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    connection.execute(f"SET allowed_paths = [{allowed}]")
    for setting, value in _LOCKED.items():
        connection.execute(f"SET {setting} = {value}")


def connect_exporting(path: Path, file: Path, *, temporary: Path) -> duckdb.DuckDBPyConnection:
    """Open `path` for reading, confined as by `connect`, but for one file that may be written.

    Raises duckdb.Error when the file cannot be used.
    """
    connection = duckdb.connect(str(path), read_only=True, config=_config(temporary, BOUNDED))
    try:
        confine(connection, file)
    except duckdb.Error:
        connection.close()
        raise
    return connection


def connect_memory() -> duckdb.DuckDBPyConnection:
    """An index that lives and dies with the connection. It must fit in MEMORY_WITHOUT_FILE."""
    return duckdb.connect(":memory:", config=_config(None, {**_CONFINED, "memory_limit": MEMORY_WITHOUT_FILE}))


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt where DuckDB, interrupted by SIGINT in the midst of a query, raises RuntimeError."""
    try:
        yield
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from error
        raise


def _config(
    temporary: Path | None, settings: dict[str, str] = _CONFINED
) -> dict[str, str | bool | int | float | list[str]]:
    return {**settings, "temp_directory": "" if temporary is None else str(temporary)}


def _busy(path: Path, held: re.Match[str]) -> BusyError:
    who = f"process {held['pid']} ({held['program']})" if held["pid"] else "another process"
    return BusyError(f"{path} is held by {who}", hint="end that program, or wait until it is done; then try again")
