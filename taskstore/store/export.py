"""The answer to a query as a file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from taskstore.disk.faults import storage_errors
from taskstore.errors import AlreadyExistsError
from taskstore.index import Index, sql


def write_parquet(index: Index, question: str, file: Path) -> int:
    """Write the answer to `question` to the new Parquet file `file`; how many rows it has.

    DuckDB writes to a folder of our own, so that no path of a user's is ever part of SQL; the file then moves into
    place. Raises InvalidQueryError, AlreadyExistsError, StorageError.
    """
    if file.exists():
        raise AlreadyExistsError(f"there is a file already: {file}", hint="name a new one")
    with (
        storage_errors("cannot write", file),
        tempfile.TemporaryDirectory(dir=file.parent, prefix=".taskstore-") as folder,
    ):
        written = Path(folder) / "answer.parquet"
        with index.read_exporting(written) as connection:
            count = sql.write_parquet(connection, question, str(written))
        written.rename(file)
    return count
