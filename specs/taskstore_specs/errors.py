"""The errors of reading: one root for all of taskstore, and what is wrong with a document.

`TaskstoreError` is defined here, in the lowest layer, so that a program that uses only `taskstore_specs`
catches the same root as one that uses the store.
"""

from __future__ import annotations

from enum import Enum

import msgspec


class TaskstoreError(Exception):
    """The root of every error that taskstore raises on purpose.

    `str(error)` says what happened and where; `hint` says what to do about it and may be empty. `code` is a stable
    word for programs: it stands in JSON output and decides the exit code.
    """

    code = "fault"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidInputError(TaskstoreError):
    """What the caller gave is malformed or breaks a rule; nothing was changed."""

    code = "invalid_input"


class InvalidDigestError(InvalidInputError):
    """A text is not `blake3:` and 64 lower-case hexadecimal digits."""

    code = "invalid_digest"


class InvalidIdentityError(InvalidInputError):
    """A project, domain, task, version or trigger name breaks a rule of `identity`."""

    code = "invalid_identity"


class LimitExceededError(InvalidInputError):
    """Something is larger than `limits` allows."""

    code = "limit_exceeded"


class Rule(Enum):
    """Which rule a document breaks; the values are stable words for programs and name the invalid vectors."""

    SYNTAX = "syntax"
    EMPTY = "empty"
    DUPLICATE_KEY = "duplicate_key"
    UNKNOWN_FIELD = "unknown_field"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    BAD_VALUE = "bad_value"
    BAD_NUMBER = "bad_number"
    BAD_IDENTITY = "bad_identity"
    EXCLUSIVE_FIELDS = "exclusive_fields"
    UNSUPPORTED = "unsupported"
    LIMIT = "limit"


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong with a document.

    `path` is the place inside the document, in lowerCamelCase (`spec.environment.name`, `triggers[0].name`; empty for
    the document itself; after `document 2: ` where the file holds several). `line` and `column` count from 1, point at
    the field's name (at the value, for an element of a list), and are None where the reader cannot tell.
    """

    message: str
    path: str = ""
    line: int | None = None
    column: int | None = None
    hint: str = ""
    rule: Rule = Rule.SYNTAX


class ManifestError(InvalidInputError):
    """A manifest could not be read. Carries every problem found, in the order of the document."""

    code = "invalid_manifest"

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        if not problems:
            raise ValueError("a ManifestError names at least one problem")
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{first.message}{more}", hint=first.hint)
        self.source = source
        self.problems = problems

    @property
    def location(self) -> str:
        """`file:line:column, path inside` of the first problem, with the parts that are known."""
        first = self.problems[0]
        numbers = [str(n) for n in (first.line, first.column) if n is not None]
        place = ":".join([self.source, *numbers])
        return f"{place}, {first.path}" if first.path else place
