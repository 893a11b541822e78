"""Every error of the library, grouped by who can mend it. `taskstore.cli` maps them to exit codes by `code`'s group.

The root and the errors of bad input live in `taskstore_specs.errors`, so that the specs package stands alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from taskstore_specs.digest import Digest
from taskstore_specs.errors import (
    InvalidDigestError,
    InvalidIdentityError,
    InvalidInputError,
    LimitExceededError,
    ManifestError,
    Problem,
    TaskstoreError,
)

__all__ = [
    "AlreadyExistsError",
    "BlobDamagedError",
    "BlobNameNotFoundError",
    "BlobNotFoundError",
    "BundleConflictError",
    "BundleDamagedError",
    "BundleGapError",
    "BundleHistoryError",
    "BundlePartMissingError",
    "BusyError",
    "ConflictError",
    "DamagedError",
    "IndexDamagedError",
    "InvalidDigestError",
    "InvalidIdentityError",
    "InvalidInputError",
    "InvalidQueryError",
    "JournalDamagedError",
    "LimitExceededError",
    "ManifestError",
    "NotAFileError",
    "NotFoundError",
    "NotTrustedError",
    "Problem",
    "ProjectArchivedError",
    "ProjectNotFoundError",
    "ReadOnlyError",
    "ReceiptError",
    "RevisionConflictError",
    "SignatureAlteredError",
    "SignatureExpiredError",
    "SignatureKeyUnknownError",
    "SignatureMalformedError",
    "SignatureMissingError",
    "SignatureNamespaceError",
    "SignatureRevokedError",
    "SignatureToolError",
    "StorageError",
    "StoreNotFoundError",
    "TaskNotFoundError",
    "TaskstoreError",
    "TriggerNotFoundError",
    "UnsupportedFormatError",
    "VersionConflictError",
]

_PARTS_SHOWN = 20


class InvalidQueryError(InvalidInputError):
    """A filter, sort key, page size, token or address is not one that a query takes."""

    code = "invalid_query"


class NotAFileError(InvalidInputError):
    """A link, a folder, a device or a pipe stands where a regular file was expected. It is not read."""

    code = "not_a_file"


class NotFoundError(TaskstoreError):
    """What was asked for is not there."""

    code = "not_found"


class StoreNotFoundError(NotFoundError):
    """There is no store where one was expected."""

    code = "store_not_found"


class ProjectNotFoundError(NotFoundError):
    """The project is not declared in this store."""

    code = "project_not_found"


class TaskNotFoundError(NotFoundError):
    """No such task, or no such version of it."""

    code = "task_not_found"


class TriggerNotFoundError(NotFoundError):
    """No such trigger, or no such revision of it."""

    code = "trigger_not_found"


class BlobNotFoundError(NotFoundError):
    """No blob has this digest."""

    code = "blob_not_found"

    def __init__(self, digest: Digest) -> None:
        super().__init__(f"no blob {digest}", hint="`taskstore spec list` names those that are there")
        self.digest = digest


class BlobNameNotFoundError(NotFoundError):
    """Nothing was stored under this name."""

    code = "blob_name_not_found"


class ConflictError(TaskstoreError):
    """What was asked contradicts what is recorded; nothing was changed."""

    code = "conflict"


class AlreadyExistsError(ConflictError):
    """Something is there already that was to be made new."""

    code = "already_exists"


class VersionConflictError(ConflictError):
    """An immutable version exists with other content."""

    code = "version_conflict"

    def __init__(self, task: str, recorded: Digest, given: Digest) -> None:
        super().__init__(
            f"{task} is immutable and exists with other content: recorded {recorded}, given {given}",
            hint="deploy it under a new version",
        )
        self.task, self.recorded, self.given = task, recorded, given


class RevisionConflictError(ConflictError):
    """A trigger has another revision than the caller expected: somebody changed it meanwhile."""

    code = "revision_conflict"


class ProjectArchivedError(ConflictError):
    """The project is archived and takes no deploys."""

    code = "project_archived"


class BusyError(TaskstoreError):
    """Somebody else holds what is needed, and went on holding it for the whole bounded wait."""

    code = "busy"


class DamagedError(TaskstoreError):
    """What is on disk is not what was written."""

    code = "damaged"


class BlobDamagedError(DamagedError):
    """A blob's bytes do not have its digest. It is never served."""

    code = "blob_damaged"

    def __init__(self, digest: Digest, path: Path) -> None:
        super().__init__(
            f"blob {digest} is damaged: {path}",
            hint="`taskstore fsck` names what needs it; `taskstore repair --from STORE` fetches it anew",
        )
        self.digest, self.path = digest, path


class JournalDamagedError(DamagedError):
    """A journal entry is missing, malformed, or does not continue the chain."""

    code = "journal_damaged"

    def __init__(self, sequence: int, why: str) -> None:
        super().__init__(
            f"journal entry {sequence} is damaged: {why}",
            hint="`taskstore fsck` says more; `taskstore repair --from STORE` fetches it anew",
        )
        self.sequence, self.why = sequence, why


class IndexDamagedError(DamagedError):
    """The index cannot be used. It is disposable: it is rebuilt from the journal, so callers seldom see this."""

    code = "index_damaged"


class UnsupportedFormatError(DamagedError):
    """The store was written by a newer taskstore, or is none."""

    code = "unsupported_format"


class NotTrustedError(TaskstoreError):
    """A signature is required and is absent, wrong, expired or revoked."""

    code = "not_trusted"


class StorageError(TaskstoreError):
    """The disk refused: full, read-only, failing. What was asked did not happen."""

    code = "storage"

    def __init__(self, doing: str, path: Path, error: OSError) -> None:
        super().__init__(
            f"{doing}: {error.strerror or error}: {path}",
            hint="nothing was acknowledged; once the disk can be written again, the same command works",
        )
        self.path, self.errno = path, error.errno


class ReadOnlyError(TaskstoreError):
    """The store was opened for reading only, or lies on read-only media."""

    code = "read_only"


class BundleDamagedError(InvalidInputError):
    """A bundle, or a part of one, is not as its maker wrote it, or was made to do harm. Nothing of it was used."""

    code = "bundle_damaged"

    def __init__(self, why: str, *, hint: str = "copy it again from where it was made; nothing was changed") -> None:
        super().__init__(f"the bundle is damaged: {why}", hint=hint)


class BundlePartMissingError(InvalidInputError):
    """Not all parts of a bundle were given. `missing` are the numbers of the others, of `count`."""

    code = "bundle_part_missing"

    def __init__(self, missing: Sequence[int], count: int) -> None:
        named = ", ".join(map(str, missing[:_PARTS_SHOWN])) + (" …" if len(missing) > _PARTS_SHOWN else "")
        super().__init__(
            f"part {named} of {count} is missing" if len(missing) == 1 else f"parts {named} of {count} are missing",
            hint="name all parts of the bundle, in any order",
        )
        self.missing, self.count = tuple(missing), count


class BundleGapError(ConflictError):
    """A bundle begins after what this store knows of its maker. `since` is the entry to ask for."""

    code = "bundle_gap"

    def __init__(self, store_id: str, since: int, begins: int) -> None:
        super().__init__(
            f"this store knows {store_id} up to entry {since}, and the bundle begins after entry {begins}",
            hint=f"ask for a bundle made with --since {since}, or with this store's receipt",
        )
        self.store_id, self.since, self.begins = store_id, since, begins


class BundleHistoryError(ConflictError):
    """Two different histories go by the same store id: one was restored from a copy, or forged."""

    code = "bundle_history"


class BundleConflictError(ConflictError):
    """A bundle contradicts what this store has. Nothing of it was taken. `conflicts` says where, each a Struct with
    `kind`, `name`, `ours` and `theirs`."""

    code = "bundle_conflict"

    def __init__(self, message: str, conflicts: Sequence[Any], *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.conflicts = tuple(conflicts)


class ReceiptError(InvalidInputError):
    """A receipt cannot be read, or was mistyped."""

    code = "receipt"


class SignatureMissingError(NotTrustedError):
    """The store takes only what is signed, and there is no signature."""

    code = "signature_missing"


class SignatureMalformedError(NotTrustedError):
    """The signature is none."""

    code = "signature_malformed"


class SignatureNamespaceError(NotTrustedError):
    """The signature was made for something else than taskstore."""

    code = "signature_namespace"


class SignatureAlteredError(NotTrustedError):
    """The signature is of other bytes: what was signed was altered."""

    code = "signature_altered"


class SignatureKeyUnknownError(NotTrustedError):
    """The store's `allowed_signers` does not name the key that signed."""

    code = "signature_key_unknown"


class SignatureExpiredError(NotTrustedError):
    """The key that signed is not valid now."""

    code = "signature_expired"


class SignatureRevokedError(NotTrustedError):
    """The key that signed was revoked."""

    code = "signature_revoked"


class SignatureToolError(DamagedError):
    """`ssh-keygen` is missing, or the store's files of keys cannot be used."""

    code = "signature_tool"
