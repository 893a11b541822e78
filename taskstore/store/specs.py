"""Specifications on their own, apart from any deploy: Flyte's `CreateTaskSpec`."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from taskstore.errors import ConflictError
from taskstore.index import is_named
from taskstore.journal.changes import SpecChange
from taskstore.store.commit import Committer, Decision
from taskstore.store.results import SpecResult
from taskstore.store.source import Source
from taskstore_specs import encode_spec, read_spec
from taskstore_specs.digest import Digest


def put_spec(committer: Committer, source: Source, expected: Digest | None, by: str) -> SpecResult:
    """Store a specification in its canonical form, unless the registry has it.

    Raises ManifestError, and ConflictError when `expected` is given and is not its digest.
    """
    data = encode_spec(read_spec(source.path, source.data, source.format))
    digest = Digest.of(data)
    if expected is not None and expected != digest:
        raise ConflictError(
            f"{source.path} has the digest {digest}, not {expected}",
            hint="the digest is that of the canonical form; see `specs/manifest.md`",
        )

    def decide(connection: DuckDBPyConnection) -> Decision:
        if is_named(connection, digest):
            return Decision(())
        return Decision((SpecChange(digest=digest, size=len(data)),), {digest: data})

    head = committer.commit(decide, by)
    return SpecResult(digest, len(data), created=head is not None)
