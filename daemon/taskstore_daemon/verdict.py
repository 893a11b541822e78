"""What became of a file: the value that receipts, the log and the status all tell. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

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


class Told(Protocol):
    """What people and programs are told of: what became of a manifest, or of a bundle."""

    @property
    def path(self) -> str:
        """Which file, relative to its inbox."""

    @property
    def content(self) -> object:
        """What names the bytes that it held, as a receipt has it; None if they are not known."""

    @property
    def word(self) -> str:
        """What became of it: the outcome that receipts, the log and the counts name."""

    @property
    def errors(self) -> list[TaskstoreError]:
        """Why it was refused; nothing when it was not."""

    @property
    def known(self) -> bool:
        """Whether nothing was done, since this was dealt with before."""

    @property
    def is_tried_again(self) -> bool:
        """Whether it was, or will be, dealt with again by itself, so that the same refusal is no news."""

    @property
    def facts(self) -> dict[str, object]:
        """What the log says of it."""

    def receipt(self) -> dict[str, Any]:
        """The JSON receipt; `specs/daemon.md` documents each field."""

    def note(self, name: str) -> str:
        """What a person finds beside a refused file called `name`: what is wrong, where, and how to mend it."""


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

    @property
    def word(self) -> str:
        """See Told."""
        return self.outcome.value

    @property
    def is_tried_again(self) -> bool:
        """See Told."""
        return self.wants_project

    @property
    def facts(self) -> dict[str, object]:
        """See Told."""
        tasks = ",".join(str(result.task or f"project {result.project}") for result in self.results)
        return {"task": "" if self.known else tasks, "sequence": self.sequence}

    def receipt(self) -> dict[str, Any]:
        """See Told."""
        documents = [plain(result) for result in self.results]
        for document in documents:
            del document["path"]
        return {
            "format": FORMAT,
            "path": printable(self.path),
            "outcome": self.outcome.value,
            "content": plain(self.content),
            "size": self.size,
            "sequence": self.sequence,
            "at": plain(self.at),
            "documents": documents,
        }

    def note(self, name: str) -> str:
        """See Told."""
        lines = [f"{printable(name)} was not deployed. Nothing that was deployed before has changed.", ""]
        for error in self.errors:
            lines += [*explain(error, at=printable(name)), ""]
        lines += [
            "Mend the file and save it: it is then taken by itself, and this note goes away.",
            f"Written by taskstored at {plain(self.at)}.",
            "",
        ]
        return "\n".join(lines)


def refusal(path: str, content: Digest | None, size: int, at: datetime, error: TaskstoreError) -> Verdict:
    """The verdict on a file that never came to be deployed."""
    result = DeployResult(path=printable(path), document=0, outcome=Outcome.REJECTED, error=error)
    return Verdict(path=path, content=content, size=size, at=at, results=(result,))
