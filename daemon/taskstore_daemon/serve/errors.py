"""What went wrong, as the Connect protocol says it (https://connectrpc.com/docs/protocol#error-codes).

Two codes mean something to the Flyte client: `already_exists` for a deploy is success to it, so a deploy never answers
that; `unavailable` and `internal` it tries again, so they say that trying again may help.
"""

from __future__ import annotations

from connectrpc.code import Code
from connectrpc.errors import ConnectError

from taskstore.errors import (
    AlreadyExistsError,
    BusyError,
    ConflictError,
    DamagedError,
    InvalidInputError,
    LimitExceededError,
    ManifestError,
    NotFoundError,
    NotTrustedError,
    Problem,
    ReadOnlyError,
    RevisionConflictError,
    StorageError,
    TaskstoreError,
)
from taskstore_daemon.serve.limits import PROBLEMS_TOLD

_CODES: tuple[tuple[type[TaskstoreError], Code], ...] = (
    (LimitExceededError, Code.RESOURCE_EXHAUSTED),
    (InvalidInputError, Code.INVALID_ARGUMENT),
    (NotFoundError, Code.NOT_FOUND),
    (AlreadyExistsError, Code.ALREADY_EXISTS),
    (RevisionConflictError, Code.ABORTED),
    (ConflictError, Code.FAILED_PRECONDITION),
    (NotTrustedError, Code.PERMISSION_DENIED),
    (ReadOnlyError, Code.FAILED_PRECONDITION),
    (BusyError, Code.UNAVAILABLE),
    (StorageError, Code.UNAVAILABLE),
    (DamagedError, Code.DATA_LOSS),
)


def to_connect(error: TaskstoreError) -> ConnectError:
    """The error that a client is told, with the hint in its message, as a client shows nothing else."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), Code.INTERNAL)
    if isinstance(error, ManifestError):
        return ConnectError(code, _tell_problems(error.problems))
    return ConnectError(code, _with_hint(error.message, error.hint))


def _tell_problems(problems: tuple[Problem, ...]) -> str:
    told = [_with_hint(f"{problem.path}: {problem.message}".lstrip(": "), problem.hint) for problem in problems]
    more = len(told) - PROBLEMS_TOLD
    return "\n".join([*told[:PROBLEMS_TOLD], *([f"and {more} more"] if more > 0 else [])])


def _with_hint(message: str, hint: str) -> str:
    return f"{message} ({hint})" if hint else message
