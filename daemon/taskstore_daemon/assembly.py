"""Putting the parts of a daemon together, and taking them apart again."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import msgspec

from taskstore.disk.folders import create_folder
from taskstore.errors import InvalidInputError
from taskstore.store import health
from taskstore.store.commit import system_clock
from taskstore.store.store import Store
from taskstore_daemon import log
from taskstore_daemon.backend import why_polling
from taskstore_daemon.bundles.outbox import Outbox
from taskstore_daemon.bundles.worker import BundleWorker
from taskstore_daemon.desk import Desk
from taskstore_daemon.inbox import Inbox
from taskstore_daemon.limits import POLL_SECONDS, PRUNE_TASKS, SETTLE_SECONDS
from taskstore_daemon.metrics import metrics_at
from taskstore_daemon.missing import Missing
from taskstore_daemon.names import RECEIPTS_FOLDER
from taskstore_daemon.receipts import Receipts
from taskstore_daemon.service import Service, Wakes

NO_RECEIPTS = "none"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What `taskstored run` was asked for. `receipts` is a folder, `none`, or None for the usual place; `outbox` is the
    folder for receipts of bundles, if they are wanted; `log_form` is `text` or `json`."""

    store: Path | None
    inboxes: Sequence[Path]
    poll: float | None
    rescan: float
    receipts: str | None
    outbox: Path | None
    by: str | None
    once: bool
    prune: bool
    force: bool
    metrics: str | None
    log_form: str


@contextmanager
def assembled(settings: Settings) -> Iterator[Service]:
    """A daemon that holds its inboxes, ready to run.

    Raises StoreNotFoundError, InvalidInputError of folders that cannot be watched together, BusyError when another
    daemon has one of them.
    """
    roots = [inbox.resolve() for inbox in settings.inboxes]
    with ExitStack() as stack:
        store = stack.enter_context(Store.open(settings.store or Store.find(Path.cwd())))
        _check_apart(roots, store.root.resolve())
        outbox = _outbox(settings.outbox, [*roots, store.root.resolve()])
        wakes: Wakes = queue.SimpleQueue()
        desks = [_desk(root, settings, wakes, several=len(roots) > 1) for root in roots]
        for desk in desks:
            stack.enter_context(health.claim(store.root, desk.inbox.name))
            stack.callback(desk.inbox.close)
            desk.sweep()
            log.info("watching", inbox=desk.inbox.root, backend=desk.inbox.backend.value, why=desk.inbox.why_poll)
        missing = Missing(None if settings.force else PRUNE_TASKS) if settings.prune else None
        metrics = metrics_at(settings.metrics) if settings.metrics else None
        if metrics is not None:
            stack.callback(metrics.close)
        bundles = BundleWorker(
            store, desks, partial(wakes.put, None), by=settings.by, outbox=outbox, log_form=settings.log_form
        )
        stack.callback(bundles.close)
        yield Service(store, desks, wakes, bundles, by=settings.by, missing=missing, metrics=metrics)


def _check_apart(roots: Sequence[Path], store: Path) -> None:
    for number, root in enumerate(roots):
        if store.is_relative_to(root):
            raise InvalidInputError(
                f"the store {store} lies in the inbox {root}", hint="watch a folder that does not hold the store"
            )
        for other in roots[number + 1 :]:
            if root.is_relative_to(other) or other.is_relative_to(root):
                raise InvalidInputError(
                    f"the inboxes {root} and {other} overlap", hint="sub-folders are watched with their folder"
                )


def _outbox(folder: Path | None, taken: Sequence[Path]) -> Outbox | None:
    if folder is None:
        return None
    place = folder.resolve()
    for other in taken:
        if place.is_relative_to(other) or other.is_relative_to(place):
            raise InvalidInputError(
                f"the outbox {place} and {other} overlap", hint="name a folder apart from the inboxes and the store"
            )
    create_folder(place)
    return Outbox(place)


def _desk(root: Path, settings: Settings, wakes: Wakes, *, several: bool) -> Desk:
    why_poll = _why_poll(root, settings)
    rescan = (settings.poll or min(settings.rescan, POLL_SECONDS)) if why_poll else settings.rescan
    inbox = Inbox(
        root,
        rescan=rescan,
        # Where no event vouches for anything, the two looks that must agree are two polls apart.
        settle=rescan if why_poll and not settings.once else min(SETTLE_SECONDS, rescan),
        why_poll=why_poll,
        wake=partial(wakes.put, None),
    )
    return Desk(inbox, _receipts(root, settings.receipts, several=several), system_clock())


def _why_poll(root: Path, settings: Settings) -> str:
    if settings.poll is not None:
        return "asked for by --poll"
    return "asked for by --once" if settings.once else why_polling(root)


def _receipts(root: Path, where: str | None, *, several: bool) -> Receipts | None:
    if where == NO_RECEIPTS:
        return None
    if where is None:
        return Receipts(root)
    elsewhere = Path(where).resolve()
    if elsewhere.is_relative_to(root) and elsewhere != root / RECEIPTS_FOLDER:
        raise InvalidInputError(
            f"receipts in {elsewhere} would be taken for manifests of {root}",
            hint=f"only {RECEIPTS_FOLDER}/ in an inbox is left out; name a folder outside",
        )
    folder = elsewhere / root.name if several else elsewhere
    create_folder(folder)
    return Receipts(root, folder)
