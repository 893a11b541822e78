"""What became of a bundle: the value that receipts, the log and the status all tell. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from taskstore.cli.errors import explain
from taskstore.cli.plain import plain
from taskstore.errors import TaskstoreError
from taskstore_daemon.bundles.sets import BundleFiles
from taskstore_daemon.bundles.wire import Died, Facts, Incomplete, Refused, Retry, Taken
from taskstore_daemon.names import printable

FORMAT = 1
_CONFLICTS_NAMED = 20

_MENDING = {
    Retry.CHANGE: "Copy the bundle here again: it is then taken by itself, and this note goes away.",
    Retry.SIGNATURE: "Once a signature that counts lies beside it, it is taken by itself, and this note goes away.",
    Retry.STORE: "Once the store is as it needs it, it is taken by itself, and this note goes away.",
}


class BundleOutcome(Enum):
    """What became of a bundle: it was taken in, all of it was known, parts are missing, or it was refused."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    WAITING = "waiting"
    REJECTED = "rejected"


class BundleRefusedError(TaskstoreError):
    """What the process that took a bundle in says of an error there: its code and its facts are those of that error."""

    def __init__(self, described: dict[str, Any]) -> None:
        super().__init__(described["message"], hint=described["hint"])
        vars(self).update(described)


class BundleVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the bundle `path` (relative to its inbox) in the `files`, of `size` bytes together.

    `content` is the digest of its manifest, None while that is not known; `taken` is there once it was taken in.
    `missing` are the numbers of parts that are not there, and `why` says so. `ask_with` is where the receipt lies with
    which to ask for a bundle that fits.
    """

    path: str
    outcome: BundleOutcome
    content: str | None = None
    files: tuple[str, ...]
    size: int
    at: datetime
    taken: Facts | None = None
    missing: tuple[int, ...] = ()
    why: str = ""
    error: TaskstoreError | None = None
    retry: Retry = Retry.CHANGE
    known: bool = False
    is_tried_again: bool = False
    ask_with: str = ""

    @property
    def word(self) -> str:
        """See Told."""
        return self.outcome.value

    @property
    def errors(self) -> list[TaskstoreError]:
        """See Told."""
        return [] if self.error is None else [self.error]

    @property
    def facts(self) -> dict[str, object]:
        """See Told."""
        taken = self.taken
        if taken is None:
            return {"why": self.why}
        told = {"origin": taken.store_id, "since": taken.since, "until": taken.until, "signed_by": taken.signed_by}
        return {**told, "taken": taken.taken, "known": taken.known, "sequence": self._sequence}

    def receipt(self) -> dict[str, Any]:
        """See Told."""
        return {
            "format": FORMAT,
            "path": printable(self.path),
            "outcome": self.outcome.value,
            "content": self.content,
            "size": self.size,
            "sequence": self._sequence,
            "at": plain(self.at),
            "files": [printable(file) for file in self.files],
            "missing": list(self.missing),
            "why": self.why,
            "bundle": plain(self.taken),
            "error": plain(self.error),
        }

    def note(self, name: str) -> str:
        """See Told."""
        lines = [f"{printable(name)} was not taken in.", ""]
        for error in self.errors:
            lines += [*explain(error, at=printable(name)), *_table(getattr(error, "conflicts", ())), ""]
        if self.ask_with:
            lines += [f"The receipt to ask with lies in {self.ask_with}.", ""]
        return "\n".join([*lines, _MENDING[self.retry], f"Written by taskstored at {plain(self.at)}.", ""])

    @property
    def _sequence(self) -> int | None:
        """The last journal entry that recorded it."""
        sequences = self.taken.sequences if self.taken is not None else ()
        return sequences[-1] if sequences else None


def judge(
    bundle: BundleFiles, end: Incomplete | Taken | Refused | Died, at: datetime, ask_with: str, *, again: bool
) -> BundleVerdict:
    """The verdict on `bundle`, given what the process that took it in came to; `again` if it was tried once more by
    itself."""

    def verdict(outcome: BundleOutcome, **facts: Any) -> BundleVerdict:
        files = tuple(sorted(bundle.files))
        return BundleVerdict(path=bundle.name, outcome=outcome, files=files, size=bundle.size, at=at, **facts)

    match end:
        case Incomplete(missing=missing, why=why):
            return verdict(BundleOutcome.WAITING, missing=missing, why=why)
        case Taken(content=content, facts=taken, remembered=known):
            outcome = BundleOutcome.APPLIED if taken.sequences else BundleOutcome.UNCHANGED
            return verdict(outcome, content=content, taken=taken, known=known)
        case Refused(error=error, retry=retry, content=content):
            refused = BundleRefusedError(error)
            told: dict[str, Any] = {"retry": retry, "ask_with": ask_with, "is_tried_again": again}
            return verdict(BundleOutcome.REJECTED, content=content, error=refused, **told)
        case Died(code=code):
            message = f"this is a fault of taskstore: the process that took it in ended with {code}"
            fault = TaskstoreError(message, hint="report it with the log; the bundle is tried again after a restart")
            return verdict(BundleOutcome.REJECTED, error=fault)


def _table(conflicts: Sequence[dict[str, str]]) -> list[str]:
    lines = [
        f"  {conflict['kind']} {conflict['name']}: here {conflict['ours']}, in the bundle {conflict['theirs']}"
        for conflict in conflicts[:_CONFLICTS_NAMED]
    ]
    more = len(conflicts) - len(lines)
    return [*map(printable, lines), *([f"  and {more} more"] if more > 0 else [])]
