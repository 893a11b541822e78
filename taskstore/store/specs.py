"""Specifications on their own, apart from any deploy: Flyte's `CreateTaskSpec`."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from taskstore.cas import BlobStore
from taskstore.errors import BlobNotFoundError, ConflictError
from taskstore.index import Index, is_named, queries
from taskstore.journal.changes import SpecChange
from taskstore.store.commit import Committer, Decision
from taskstore.store.results import SpecListing, SpecResult
from taskstore.store.source import Source
from taskstore_specs import encode_spec, read_spec
from taskstore_specs.digest import Digest


def list_specs(index: Index, blobs: BlobStore, limit: int | None) -> tuple[SpecListing, ...]:
    """The specifications, the latest named first. Raises InvalidQueryError."""
    rows = index.ask(lambda connection: queries.list_specs(connection, limit))
    return tuple(SpecListing(row.digest, _size(blobs, row.digest), row.versions, row.created_at) for row in rows)


def _size(blobs: BlobStore, digest: Digest) -> int | None:
    try:
        return blobs.size(digest)
    except BlobNotFoundError:
        return None


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
            return Decision((), unchanged={digest: data})
        return Decision((SpecChange(digest=digest, size=len(data)),), {digest: data})

    head = committer.commit(decide, by)
    return SpecResult(digest, len(data), created=head is not None)
