"""Batches of files, read and prepared. While one batch is dealt with, the next is seen to by a second process.

A thread of this process would not do for that: reading takes a dozen system calls a file, and after each of them it
would wait for the interpreter's lock. What is read ahead may have changed since; whoever deals with it checks that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from taskstore.store.helper import Helper
from taskstore.store.preparing import PreparedFile
from taskstore.store.results import DeployResult
from taskstore_daemon.apart import Content, Wanted, read, read_and_prepare, source_of
from taskstore_daemon.batches import Ready, next_batch
from taskstore_daemon.claims import Claim, FileId, claims_of
from taskstore_daemon.desk import Desk
from taskstore_daemon.ingest import Arrival, prepare
from taskstore_daemon.limits import BATCH_BYTES, BATCH_FILES, LATE_BYTES, LATE_FILES
from taskstore_daemon.signatures import signature_of
from taskstore_daemon.take import NotYet, Refused, Taken


class Batch(msgspec.Struct, frozen=True):
    """The files of a batch, and what is found of each, as soon as it is asked for."""

    files: Sequence[Ready]
    found: Callable[[], Sequence[Arrival | Refused | NotYet]]


class Reader:
    """Reads what is ready in all inboxes. `signed` says whether the store wants signatures."""

    def __init__(self, desks: Sequence[Desk], *, signed: bool) -> None:
        self._desks = desks
        self._signed = signed
        self._ahead: Batch | None = None
        self._helper: Helper[Wanted, Content, _Found] | None = None

    @property
    def has_more(self) -> bool:
        """Whether another batch follows the one that was taken last."""
        return self._ahead is not None

    def take(self) -> Batch | None:
        """The next batch, None if nothing is ready; the one after it, if there is one, is prepared meanwhile."""
        batch = self._begin(self._choose()) if self._ahead is None else self._with_late(self._ahead)
        self._ahead = self._begin(self._choose(besides=batch.files), ahead=True) if batch is not None else None
        return batch

    def put_back(self) -> None:
        """What was taken last could not be dealt with: everything is to be taken again, in its order."""
        self._ahead = None

    def rest(self) -> None:
        """The flood is over: end the second process."""
        if self._helper is not None:
            self._helper.close()
        self._helper = None

    def _choose(self, besides: Sequence[Ready] = ()) -> list[Ready]:
        ready = [desk.inbox.tracker.ready_by_folder() for desk in self._desks]
        return next_batch(ready, files=BATCH_FILES, size=BATCH_BYTES, besides=besides)

    def _with_late(self, batch: Batch) -> Batch:
        """A batch that was read ahead, with what came since into folders that it has nothing of: that need not wait for
        another batch of the others'."""
        held = {(file.inbox, file.folder) for file in batch.files}
        others = [
            {
                folder: ready
                for folder, ready in desk.inbox.tracker.ready_by_folder().items()
                if (number, folder) not in held
            }
            for number, desk in enumerate(self._desks)
        ]
        late = self._begin(next_batch(others, files=LATE_FILES, size=LATE_BYTES))
        if late is None:
            return batch
        return Batch([*batch.files, *late.files], lambda: [*batch.found(), *late.found()])

    def _begin(self, files: Sequence[Ready], *, ahead: bool = False) -> Batch | None:
        """See to these files, and if that is `ahead` of time, in the second process."""
        if not files:
            return None
        wanted = list(map(self._wanted, files))
        begun = self._begin_ahead(wanted) if ahead else None

        def collect() -> list[Arrival | Refused | NotYet]:
            found = begun() if begun is not None else [_found(file, None) for file in wanted]
            return [self._arrival(*item) for item in zip(files, wanted, found, strict=True)]

        return Batch(files, collect)

    def _begin_ahead(self, wanted: Sequence[Wanted]) -> Callable[[], list[_Found]] | None:
        """None when there are too few files to trouble another process with."""
        if self._helper is None and len(wanted) < BATCH_FILES // 2:
            return None
        self._helper = self._helper or Helper(read_and_prepare, _found)
        return self._helper.begin(wanted)

    def _wanted(self, file: Ready) -> Wanted:
        inbox = self._desks[file.inbox].inbox
        signature = signature_of(inbox.root, file.path) if self._signed else None
        return Wanted(str(inbox.root), file.path, file.stamp, inbox.key(file.path), signature)

    def _arrival(self, file: Ready, wanted: Wanted, found: _Found) -> Arrival | Refused | NotYet:
        if isinstance(found, Refused | NotYet):
            return found
        taken, prepared, claims = found
        inbox = self._desks[file.inbox].inbox
        before = inbox.renamed_from(taken.stamp)
        return Arrival(
            file=FileId(file.inbox, file.path),
            key=wanted.key,
            taken=taken,
            root=inbox.root,
            prepared=prepared,
            claims=claims,
            key_before=inbox.key(before) if before is not None else None,
        )


_Found = tuple[Taken, PreparedFile | DeployResult, tuple[Claim, ...]] | Refused | NotYet


def _found(file: Wanted, content: Content | None) -> _Found:
    """What there is of a file, given its content if that is known."""
    if content is not None:
        return content.taken, PreparedFile(source_of(file, content.taken.data), content.documents), content.claims
    taken = read(file)
    if not isinstance(taken, Taken):
        return taken
    prepared = prepare(source_of(file, taken.data))
    return taken, prepared, claims_of(prepared.documents) if isinstance(prepared, PreparedFile) else ()
