"""What became of a file: the value that receipts, the log and the status all tell. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from taskstore.cli.errors import explain
from taskstore.cli.plain import plain
from taskstore.errors import NotTrustedError, ProjectArchivedError, ProjectNotFoundError, TaskstoreError
from taskstore.plan.outcome import Outcome
from taskstore.store.results import DeployResult
from taskstore_daemon.names import printable
from taskstore_specs.digest import Digest

FORMAT = 1
_ORDER = (Outcome.REJECTED, Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the file `path` (relative to its inbox) when it held the bytes that `content` names.

    `results` has an item a document. `content` is None of a file that could not be read at all. `known` of a file
    whose content was deployed before, so that nothing was done.
    """

    path: str
    content: Digest | None
    size: int
    at: datetime
    results: tuple[DeployResult, ...]
    known: bool = False

    @property
    def outcome(self) -> Outcome:
        """The file's outcome: that of the document that changed most, as a file is deployed whole or not at all."""
        outcomes = {result.outcome for result in self.results}
        return next((outcome for outcome in _ORDER if outcome in outcomes), Outcome.UNCHANGED)

    @property
    def errors(self) -> list[TaskstoreError]:
        """Why it was refused; nothing when it was not."""
        return [result.error for result in self.results if result.error is not None]

    @property
    def wants_project(self) -> bool:
        """Whether it was refused for a project that is not there (yet), or is archived (for now)."""
        return any(isinstance(error, ProjectNotFoundError | ProjectArchivedError) for error in self.errors)

    @property
    def wants_signature(self) -> bool:
        """Whether it was refused for its signature, which may still be on its way or be made anew."""
        return any(isinstance(error, NotTrustedError) for error in self.errors)

    @property
    def made_project(self) -> bool:
        """Whether it declared or changed a project."""
        return any(result.project is not None and result.sequence is not None for result in self.results)

    @property
    def sequence(self) -> int | None:
        """The journal entry that recorded it."""
        return next((result.sequence for result in self.results if result.sequence is not None), None)


def refusal(path: str, content: Digest | None, size: int, at: datetime, error: TaskstoreError) -> Verdict:
    """The verdict on a file that never came to be deployed."""
    result = DeployResult(path=printable(path), document=0, outcome=Outcome.REJECTED, error=error)
    return Verdict(path=path, content=content, size=size, at=at, results=(result,))


def receipt(verdict: Verdict) -> dict[str, Any]:
    """The JSON receipt; `specs/daemon.md` documents each field."""
    documents = [plain(result) for result in verdict.results]
    for document in documents:
        del document["path"]
    return {
        "format": FORMAT,
        "path": printable(verdict.path),
        "outcome": verdict.outcome.value,
        "content": plain(verdict.content),
        "size": verdict.size,
        "sequence": verdict.sequence,
        "at": plain(verdict.at),
        "documents": documents,
    }


def error_text(verdict: Verdict, name: str) -> str:
    """What a person finds beside a refused manifest: what is wrong, where, and how to mend it."""
    lines = [f"{printable(name)} was not deployed. Nothing that was deployed before has changed.", ""]
    for error in verdict.errors:
        lines += [*_explain(error, printable(name)), ""]
    lines += [
        "Mend the file and save it: it is then taken by itself, and this note goes away.",
        f"Written by taskstored at {plain(verdict.at)}.",
        "",
    ]
    return "\n".join(lines)


def _explain(error: TaskstoreError, name: str) -> Sequence[str]:
    return explain(error, at=name)
