"""Which bundle is dealt with next, and what becomes of it. One at a time, beside the manifests."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence

import msgspec

from taskstore.errors import BusyError, TaskstoreError
from taskstore.store.commit import system_clock
from taskstore.store.store import Store
from taskstore.trust.signature import ALLOWED_SIGNERS, REVOKED_KEYS
from taskstore_daemon import log
from taskstore_daemon.batches import backoff
from taskstore_daemon.bundles.opening import find_not_yet
from taskstore_daemon.bundles.outbox import Outbox
from taskstore_daemon.bundles.process import TakingProcess
from taskstore_daemon.bundles.refusals import Place, Refusals, Surroundings
from taskstore_daemon.bundles.sets import BundleFiles, Bundles
from taskstore_daemon.bundles.verdict import BundleOutcome, BundleVerdict, judge
from taskstore_daemon.bundles.wire import Answer, Died, File, NotYet, Refused, Request, Return, Taken, Trouble
from taskstore_daemon.desk import Desk
from taskstore_daemon.names import bundle_of, printable
from taskstore_daemon.signatures import look, state_of


class _Run(msgspec.Struct, frozen=True):
    """A bundle that is being taken in, since `began` (monotonic seconds), when its surroundings were `met`; `again` if
    nobody touched it since it was refused."""

    place: Place
    bundle: BundleFiles
    process: TakingProcess
    began: float
    met: Surroundings
    again: bool


class _Owed(msgspec.Struct, frozen=True):
    """What is to be told of a bundle that was dealt with: here, and to where it came from."""

    run: _Run
    verdict: BundleVerdict
    back: Return | None


class BundleWorker:
    """Takes the bundles of all inboxes in; `by` is who does it, None for the user and host. `wake` is called, from any
    thread, when there is something to do; `log_form` is that of the process that does it."""

    def __init__(
        self,
        store: Store,
        desks: Sequence[Desk],
        wake: Callable[[], None],
        *,
        by: str | None = None,
        outbox: Outbox | None = None,
        log_form: str = "text",
    ) -> None:
        self._store, self._desks, self._by, self._outbox = store, desks, by, outbox
        self._wake, self._log_form = wake, log_form
        self._bundles = [Bundles() for _ in desks]
        self._refusals = Refusals()
        self._revived: set[Place] = set()
        self._run: _Run | None = None
        self._owed: _Owed | None = None
        self._turn = 0
        self._troubled: Place | None = None
        self._failures = 0
        self._not_before = 0.0
        self._stopping = False

    @property
    def problem(self) -> str:
        """What wants attention about all bundles together."""
        return self._outbox.problem if self._outbox is not None else ""

    @property
    def due(self) -> float:
        """When (monotonic seconds) a fault will have been waited out."""
        return self._not_before if self._failures else float("inf")

    @property
    def busy(self) -> bool:
        """Whether a bundle is being taken in, or is ready to be."""
        return self._run is not None or self._owed is not None or any(map(self._ready, range(len(self._desks))))

    def advance(self, now: float) -> bool:
        """Deal with the one that was taken in, and begin the next; whether there was anything to do.

        Raises TaskstoreError for a fault of the store or the disk; then it is tried again after a while.
        """
        if now < self._not_before:
            return False
        try:
            finished = self._finish(now)
            return self._begin(now) or finished
        except TaskstoreError:
            self._failures += 1
            self._not_before = now + backoff(self._failures, random.random())  # noqa: S311 - not for secrets
            raise

    def forget(self, number: int, gone: Sequence[str]) -> None:
        """These files of an inbox are gone. What has lost a part that it waits with, or the whole file beside its
        parts, is dealt with anew; who removes the parts of one that was taken in is only clearing up."""
        desk, bundles = self._desks[number], self._bundles[number]
        for path in gone:
            name = bundle_of(path)
            if name is None:
                continue
            bundles.forget(path)
            left = bundles.files(name)
            if not left:
                self._refusals.drop(Place(number, name))
                self._revived.discard(Place(number, name))
                desk.forget([name])
            elif name in desk.incomplete or name == path:
                desk.inbox.bundles.revive(left)

    def scanned(self, number: int, now: float) -> None:
        """A whole scan of an inbox ended: try those again for which the signature or the store has changed."""
        places = self._refusals.of_inbox(number)
        head = self._head() if places else 0
        for place in places:
            if self._refusals.is_due(place, self._met(place, head), now):
                self._revive(place)

    def stop(self) -> None:
        """Begin nothing more, and end what is going on, which may hold the store up; the next start goes on from there.

        A signal handler may call this in the middle of anything."""
        self._stopping = True
        run = self._run
        if run is not None:
            run.process.kill()

    def close(self) -> None:
        """As `stop`, and wait until it has ended."""
        self.stop()
        if self._run is not None:
            self._run.process.join()

    def _finish(self, now: float) -> bool:
        if self._run is not None and (end := self._run.process.end) is not None:
            run, self._run = self._run, None
            self._desks[run.place.inbox].applying = ""
            # One that was ended in mid-course is looked at by the next daemon.
            self._owed = None if self._stopping and isinstance(end, Died) else self._judge(run, end, now)
        if self._owed is None:
            return False
        if self._outbox is not None and self._owed.back is not None:
            self._outbox.put(self._owed.back)
        owed, self._owed, self._failures, self._troubled = self._owed, None, 0, None
        self._tell(owed, now)
        return True

    def _begin(self, now: float) -> bool:
        if self._stopping or self._run is not None or self._owed is not None:
            return False
        due = [(Place(number, bundle.name), bundle) for number in self._turns() for bundle in self._ready(number)]
        if not due:
            return False
        # The one that met trouble comes last: it may be large, and the trouble a disk that is full.
        place, bundle = next((one for one in due if one[0] != self._troubled), due[0])
        desk, self._turn = self._desks[place.inbox], place.inbox + 1
        not_yet = find_not_yet(desk.inbox.root, bundle.files)
        if not_yet is not None:
            desk.postpone(not_yet.path, not_yet.reason, now)
            return True
        self._run = self._start(place, bundle, now)
        desk.applying = printable(bundle.name)
        return True

    def _turns(self) -> Iterator[int]:
        """The inboxes, the one whose turn it is first."""
        return ((self._turn + number) % len(self._desks) for number in range(len(self._desks)))

    def _ready(self, number: int) -> list[BundleFiles]:
        tracker = self._desks[number].inbox.bundles
        ready = tracker.ready()
        return self._bundles[number].due(ready, tracker.waiting()) if ready else []

    def _start(self, place: Place, bundle: BundleFiles, now: float) -> _Run:
        inbox = self._desks[place.inbox].inbox
        request = Request(
            store=os.fsencode(self._store.root),
            inbox=os.fsencode(inbox.root),
            name=os.fsencode(bundle.name),
            files=tuple(File(os.fsencode(path), stamp) for path, stamp in sorted(bundle.files.items())),
            unchecked=frozenset(map(os.fsencode, bundle.unchecked)),
            told=self._told(place),
            by=self._by,
        )
        met = self._met(place, self._head())
        try:
            process = TakingProcess(request, self._log_form, self._wake)
        except OSError as error:
            raise BusyError(f"no process can be started: {error.strerror}", hint="it is tried again") from error
        log.info("taking in", path=inbox.key(bundle.name), size=bundle.size)
        again = place in self._revived
        self._revived.discard(place)
        return _Run(place, bundle, process, now, met, again)

    def _told(self, place: Place) -> str | None:
        """The digest of what people were told was taken in under this name."""
        told = self._desks[place.inbox].told(place.name) or {}
        taken = told.get("outcome") in (BundleOutcome.APPLIED.value, BundleOutcome.UNCHANGED.value)
        content = told.get("content")
        return content if taken and isinstance(content, str) else None

    def _judge(self, run: _Run, end: Answer | Died, now: float) -> _Owed | None:
        """What is to be told of it; None if it is to be looked at again. Raises TaskstoreError for trouble."""
        if isinstance(end, NotYet):
            self._desks[run.place.inbox].postpone(os.fsdecode(end.path), end.reason, now)
            return None
        if isinstance(end, Trouble):
            self._troubled = run.place
            raise (BusyError if end.busy else TaskstoreError)(end.message, hint=end.hint)
        back = end.back if isinstance(end, Taken | Refused) else None
        ask_with = str(self._outbox.place(back)) if self._outbox is not None and back is not None else ""
        return _Owed(run, judge(run.bundle, end, system_clock(), ask_with, again=run.again), back)

    def _tell(self, owed: _Owed, now: float) -> None:
        run, verdict = owed.run, owed.verdict
        desk = self._desks[run.place.inbox]
        self._bundles[run.place.inbox].settle(run.bundle, checked=verdict.outcome is not BundleOutcome.REJECTED)
        self._refusals.drop(run.place)
        desk.incomplete.pop(run.bundle.name, None)
        if verdict.outcome is BundleOutcome.WAITING:
            desk.incomplete[run.bundle.name] = verdict.why
        elif verdict.outcome is BundleOutcome.REJECTED:
            self._refusals.add(run.place, verdict.retry, run.met, now, now - run.began)
        elif verdict.outcome is BundleOutcome.APPLIED:
            # It may be what others wait for.
            for place in self._refusals.wanting_store():
                self._revive(place)
        desk.record_bundle(verdict, run.bundle.all)

    def _revive(self, place: Place) -> None:
        self._refusals.drop(place)
        self._revived.add(place)
        self._desks[place.inbox].inbox.bundles.revive(self._bundles[place.inbox].files(place.name))

    def _met(self, place: Place, head: int) -> Surroundings:
        keys = tuple(state_of(self._store.root / name) for name in (ALLOWED_SIGNERS, REVOKED_KEYS))
        return Surroundings(look(self._desks[place.inbox].inbox.root, place.name), keys, head)

    def _head(self) -> int:
        try:
            return self._store.journal.head().sequence
        except TaskstoreError:
            return 0  # whoever needs the journal meets the same fault, and tells it
