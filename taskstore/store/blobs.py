"""Bytes that specifications and triggers refer to, kept with them: code bundles, offloaded inputs.

A specification says `taskstore://NAME` where Flyte's would name an object in a bucket. The journal says which bytes
those are, so that they are verified, kept by `gc`, carried by bundles, and the same on whatever server has the store.
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from taskstore.errors import BlobNameNotFoundError, ConflictError, InvalidIdentityError
from taskstore.index import Index, blob
from taskstore.journal.changes import BlobChange
from taskstore.store.commit import Committer, Decision
from taskstore_specs.digest import Digest
from taskstore_specs.identity import check_text

SCHEME = "taskstore://"
NAME_BYTES = 1_024
INPUTS_FILE = "inputs.pb"


def check_blob_name(name: str) -> str:
    """Return `name` if it may name bytes: parts between `/`, each with something in it, and nothing that JSON would
    escape, so that a name can be found in a document. Raises InvalidIdentityError."""
    check_text("the name of a blob", name, NAME_BYTES)
    if len(name.encode()) > NAME_BYTES or '"' in name or "\\" in name:
        raise InvalidIdentityError(
            f"{name!r} names no blob",
            hint=f"use at most {NAME_BYTES} bytes, no quotes, no backslashes",
        )
    for part in name.split("/"):
        if part in ("", ".", ".."):
            raise InvalidIdentityError(f"the name {name!r} has a part {part!r}", hint="name every part")
    return name


def meant_by(reference: str) -> tuple[str, str]:
    """The names that `taskstore://REFERENCE` may mean: itself, or, as Flyte has offloaded inputs, a folder of them."""
    return reference, f"{reference}/{INPUTS_FILE}"


def put_blob(committer: Committer, name: str, data: bytes, media_type: str, by: str) -> BlobChange:
    """Store `data` under `name`, unless it is there already.

    Raises InvalidIdentityError, and ConflictError when the name stands for other bytes.
    """
    wanted = BlobChange(name=check_blob_name(name), digest=Digest.of(data), size=len(data), media_type=media_type)
    found = wanted

    def decide(connection: DuckDBPyConnection) -> Decision:
        nonlocal found
        found = blob(connection, name) or wanted
        if found is wanted:
            return Decision((wanted,), {wanted.digest: data})
        if found.digest != wanted.digest:
            raise ConflictError(
                f"{SCHEME}{name} has the digest {found.digest}, not {wanted.digest}",
                hint="a name stands for the same bytes for ever; choose another",
            )
        return Decision((), unchanged={wanted.digest: data})

    committer.commit(decide, by)
    return found


def find_blob(index: Index, name: str) -> BlobChange:
    """What `taskstore://NAME` stands for. Raises BlobNameNotFoundError."""
    found = index.ask(lambda connection: blob(connection, name))
    if found is None:
        raise BlobNameNotFoundError(f"nothing was stored as {SCHEME}{name}")
    return found
