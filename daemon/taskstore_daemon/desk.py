"""One inbox with everything that is known of what became of its files: what was refused, what waits for something."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from taskstore.plan.outcome import Outcome
from taskstore.store.health import Counts, Health, Named
from taskstore_daemon import log
from taskstore_daemon.inbox import Inbox
from taskstore_daemon.limits import LISTED
from taskstore_daemon.names import printable
from taskstore_daemon.receipts import Receipts
from taskstore_daemon.scan import Stamp
from taskstore_daemon.signatures import Signed, look
from taskstore_daemon.telling import Teller
from taskstore_daemon.verdict import Told, Verdict


class Desk:
    """Deals with the verdicts on one inbox's files. `receipts` is None when none are wanted."""

    def __init__(self, inbox: Inbox, receipts: Receipts | None, started_at: datetime) -> None:
        self.inbox = inbox
        self.refused: dict[str, str] = {}
        self.postponed: dict[str, str] = {}
        self.incomplete: dict[str, str] = {}
        self.applying = ""
        self.wanting_project: set[str] = set()
        self._wanting_signature: dict[str, Signed] = {}
        self._teller = Teller(inbox.root, receipts)
        self._started_at = started_at

    def sweep(self) -> None:
        """Clear away what a daemon before this one left half written."""
        self._teller.sweep(self._started_at.timestamp())

    def record(self, verdicts: Sequence[Verdict], stamps: Mapping[str, Stamp], *, wait: bool) -> None:
        """These files were dealt with as they were at `stamps`. They are told of, meanwhile unless `wait`.

        Raises StorageError when telling failed; see `tell`.
        """
        for verdict in verdicts:
            self.inbox.tracker.settle(verdict.path, stamps[verdict.path])
            self.postponed.pop(verdict.path, None)
            self._note_wants(verdict)
            self._note(verdict)
        self._teller.tell(wait=wait)

    def record_bundle(self, verdict: Told, files: Mapping[str, Stamp]) -> None:
        """A bundle was dealt with, whose files were as they were at these stamps. Raises as `record`."""
        for path, stamp in files.items():
            self.inbox.bundles.settle(path, stamp)
            self.postponed.pop(path, None)
        self._note(verdict)
        self.tell()

    def tell(self) -> None:
        """Write the receipts that are owed, and only then say what happened.

        Raises StorageError while the disk refuses; what is owed is kept for the next call.
        """
        self._teller.tell()

    def retry_telling(self) -> None:
        """As `tell`, of what could not be told before."""
        self._teller.retry()

    @property
    def counts(self) -> Counts:
        """How many files came to which outcome since the start."""
        return self._teller.counts

    def tell_sum(self) -> None:
        """Say what all files came to since the start, which of most is no news."""
        counts = {name: getattr(self.counts, name) for name in self.counts.__struct_fields__}
        log.info("done", inbox=self.inbox.root, files=len(self.inbox.tracker) + len(self.inbox.bundles), **counts)

    def forget(self, gone: Sequence[str]) -> None:
        """These files are gone, and with them what was told about them."""
        for path in gone:
            self.refused.pop(path, None)
            self.postponed.pop(path, None)
            self.incomplete.pop(path, None)
            self.wanting_project.discard(path)
            self._wanting_signature.pop(path, None)
        if gone:
            self._teller.remove(gone)

    def postpone(self, path: str, reason: str, now: float) -> None:
        """The file cannot be taken yet."""
        self.postponed[path] = reason
        self.inbox.tracker_of(path).postpone(path, now)

    def told(self, path: str) -> dict[str, Any] | None:
        """The JSON receipt of a file, if there is one."""
        return self._teller.receipt(path)

    def retry_wanting_project(self) -> None:
        """A project may be there now: deal once more with the files that wanted one."""
        self.inbox.tracker.revive(self.wanting_project)
        self.wanting_project.clear()

    def retry_wanting_signature(self) -> None:
        """Deal once more with the files whose signature came or changed since they were refused for it."""
        changed = [path for path, seen in self._wanting_signature.items() if look(self.inbox.root, path) != seen]
        self.inbox.tracker.revive(changed)
        for path in changed:
            del self._wanting_signature[path]

    def health(self, now: datetime, last_error: str, last_error_at: datetime | None) -> Health:
        """What the daemon tells of this inbox."""
        inbox, tracker = self.inbox, self.inbox.tracker
        waiting = {path: self.postponed.get(path, "it must stand still first") for path in inbox.waiting()}
        waiting |= self.incomplete
        return Health(
            inbox=inbox.name,
            pid=os.getpid(),
            started_at=self._started_at,
            updated_at=now,
            backend=inbox.backend.value,
            backend_reason=inbox.why_poll,
            known=len(tracker) + len(inbox.bundles),
            queued=tracker.queued + inbox.bundles.queued,
            applying=self.applying,
            waiting=len(waiting),
            ignored=sum(inbox.ignored_counts.values()),
            last_scan_at=inbox.last_scan_at,
            last_scan_seconds=inbox.last_scan_seconds,
            counts=self.counts,
            refused_count=len(self.refused),
            refused=_named((path, why) for path, why in self.refused.items()),
            waiting_files=_named(waiting.items()),
            ignored_files=_named((item.path, item.why.value) for item in inbox.ignored),
            problem="; ".join(filter(None, (inbox.problem, self._teller.problem))),
            last_error=last_error,
            last_error_at=last_error_at,
        )

    def _note_wants(self, verdict: Verdict) -> None:
        """Keep in mind what a refused manifest is dealt with once more for."""
        if verdict.wants_signature:
            self._wanting_signature[verdict.path] = look(self.inbox.root, verdict.path)
        if verdict.wants_project:
            self.wanting_project.add(verdict.path)

    def _note(self, verdict: Told) -> None:
        if self._is_news(verdict):
            self._teller.add(verdict)
        elif not verdict.errors:
            self._teller.count(verdict)

    def _is_news(self, verdict: Told) -> bool:
        """Whether people have not been told this already. Keeps in mind what is refused."""
        known = self.refused.pop(verdict.path, None)
        if verdict.errors:
            self.refused[verdict.path] = verdict.errors[0].message
            return not (verdict.is_tried_again and known == self.refused[verdict.path])
        if not verdict.known:
            return True
        receipt = self.told(verdict.path)
        if receipt is None:
            return self._teller.writes_receipts
        return receipt.get("content") != str(verdict.content) or receipt.get("outcome") == Outcome.REJECTED.value


def _named(files: Iterable[tuple[str, str]]) -> tuple[Named, ...]:
    found: list[Named] = []
    for path, why in files:
        if len(found) == LISTED:
            break
        found.append(Named(printable(path), why))
    return tuple(found)
