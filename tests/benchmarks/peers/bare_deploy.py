"""What a deploy of many manifests by one Python process cannot do without: `python bare_deploy.py MANIFESTS FOLDER`.

In batches as taskstore's: each file is read, decoded, encoded again and hashed; the specifications are written as one
durable batch and the rest as one durable file, a journal entry's part; and as many rows as a task with a trigger comes
to are appended to a bare DuckDB table in one transaction. Nothing is checked, normalised, planned or looked up.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb
import msgspec
from blake3 import blake3

sys.path.insert(0, str(Path(__file__).parents[1]))
from peers.floors import write_batch, write_one

FILES_PER_BATCH = 2_500
ROWS_PER_MANIFEST, COLUMNS = 5, 22
"""Two rows of history; the task, its version and its trigger as they stand."""


def main(manifests: str, folder: str) -> None:
    root = Path(folder)
    root.mkdir()
    files = sorted(Path(manifests).iterdir())
    index = str(root / "index.duckdb")
    with duckdb.connect(index) as connection:
        columns = ", ".join(f"c{number} VARCHAR" for number in range(COLUMNS))
        connection.execute(f"CREATE TABLE rows ({columns})")
    for start in range(0, len(files), FILES_PER_BATCH):
        deploy(files[start : start + FILES_PER_BATCH], root / f"batch-{start}", index)


def deploy(files: Sequence[Path], folder: Path, index: str) -> None:
    blobs, entry, rows = [], [], []
    for file in files:
        request = msgspec.json.decode(file.read_bytes())
        spec = msgspec.json.encode(request.pop("spec"))
        digest = blake3(spec).hexdigest()
        blobs.append(spec)
        entry.append((digest, request))
        rows += [(digest, *[file.name] * (COLUMNS - 1))] * ROWS_PER_MANIFEST
    write_batch(folder, blobs)
    write_one(folder, "entry", msgspec.json.encode(entry))
    with duckdb.connect(index) as connection:
        connection.execute("BEGIN")
        appender = connection.appender("rows")
        appender.append_rows(rows)
        appender.flush()
        connection.execute("COMMIT")


if __name__ == "__main__":
    main(*sys.argv[1:])
