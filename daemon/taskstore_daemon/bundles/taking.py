"""One bundle of an inbox taken in, from the opening of its files to the answer.

Each file is opened once, below the inbox, and nothing is read but through that descriptor: what is verified is what is
taken. What the bundle's files are at fault for is refused; what the store or the disk is at fault for is trouble.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from taskstore.bundle import Applied, Bundle, OnConflict, apply, encode_receipt, take_receipt
from taskstore.bundle.layout import Config
from taskstore.bundle.survey import check_connects, known_of
from taskstore.cli.plain import describe, plain
from taskstore.errors import (
    BundleConflictError,
    BundleDamagedError,
    BundleGapError,
    BusyError,
    ConflictError,
    DamagedError,
    InvalidInputError,
    LimitExceededError,
    NotTrustedError,
    ReadOnlyError,
    SignatureMissingError,
    SignatureToolError,
    StorageError,
    StoreNotFoundError,
    TaskstoreError,
)
from taskstore.index.queries import Made, made_by
from taskstore.journal.changes import OriginChange
from taskstore.store.store import Store, caller
from taskstore_daemon import log
from taskstore_daemon.bundles.opening import Opened, assemble, find_changed, open_files
from taskstore_daemon.bundles.wire import (
    Answer,
    Facts,
    Incomplete,
    NotYet,
    Refused,
    Request,
    Retry,
    Return,
    Taken,
    Trouble,
)
from taskstore_daemon.limits import CONFLICTS_TOLD
from taskstore_daemon.signatures import signature_of

_STORE_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
"""As in receipts. Whoever made the bundle chose it, and it becomes part of a file's name."""


def take_in(request: Request) -> Answer:
    """Take a bundle in. Raises nothing on purpose."""
    with ExitStack() as stack:
        try:
            opened = open_files(request, stack)
        except OSError as error:
            return NotYet(request.files[0].path, f"the folder cannot be read: {error.strerror}")
        if not isinstance(opened, list):
            return opened
        try:
            with Store.open(os.fsdecode(request.store)) as store:
                return _remembered(store, request, opened) or _take(store, request, opened)
        except TaskstoreError as error:
            return find_changed(opened) or _why(error, opened)


def _take(store: Store, request: Request, opened: Sequence[Opened]) -> Answer:
    whole = assemble(request, opened, verify=True)
    if isinstance(whole, Incomplete):
        return whole
    inbox, name = Path(os.fsdecode(request.inbox)), os.fsdecode(request.name)
    bundle = Bundle(whole, str(inbox / name))
    if signature_of(inbox, name) is None:
        raise SignatureMissingError(
            f"{name}.sig leads out of the inbox, and does not count", hint="copy the signature itself there"
        )
    known = _known(store, bundle)
    try:
        check_connects(bundle, store.config.store_id, known)
        applied = apply(store, bundle, OnConflict.REFUSE, request.by or caller(), lambda done, total: None)
    except BundleGapError as error:
        back = _back(store, bundle.config.store_id) if known else None
        return Refused(_described(error), Retry.STORE, bundle.digest, back)
    facts = _facts(bundle.config, applied, _made(store, applied.sequences))
    return Taken(bundle.digest, facts, remembered=False, back=_back(store, bundle.config.store_id))


def _remembered(store: Store, request: Request, opened: Sequence[Opened]) -> Taken | None:
    """The answer for what people were told was taken in, and is: of it only the documents are read."""
    if request.told is None:
        return None
    try:
        whole = assemble(request, opened, verify=False)
        bundle = None if isinstance(whole, Incomplete) else Bundle(whole, os.fsdecode(request.name))
    except BundleDamagedError:
        return None
    if bundle is None or bundle.digest != request.told:
        return None
    known = _known(store, bundle)
    if known is None or known.sequence < bundle.config.until.sequence:
        return None
    back = _back(store, bundle.config.store_id)
    return Taken(bundle.digest, _facts(bundle.config), remembered=True, back=back)


def _known(store: Store, bundle: Bundle) -> OriginChange | None:
    """How far `store` follows where the bundle came from."""
    config = bundle.config
    return store.index.ask(lambda connection: known_of(connection, config.store_id, config.selection.scope))


def _back(store: Store, origin: str) -> Return | None:
    """What to tell the store `origin`; None if that does not fit into a receipt, or the store is busy."""
    if not _STORE_ID.fullmatch(origin):
        return None
    try:
        receipt = encode_receipt(take_receipt(store, origin))
    except (LimitExceededError, BusyError) as error:
        log.warning("no receipt for the way back", origin=origin, error=error.message)
        return None
    return Return(origin, store.config.store_id, receipt.decode("ascii"))


def _facts(config: Config, applied: Applied | None = None, made: Made | None = None) -> Facts:
    """What there is to tell of a bundle that was `applied`; without that, of one that is known as a whole."""
    return Facts(
        store_id=config.store_id,
        since=config.since.sequence,
        until=config.until.sequence,
        until_time=config.until_time,
        scope=config.selection.scope,
        signed_by=applied.signed_by if applied else None,
        taken=applied.taken if applied else 0,
        known=applied.known if applied else config.counts.changes,
        sequences=applied.sequences if applied else (),
        made=made,
    )


def _made(store: Store, sequences: Sequence[int]) -> Made | None:
    """What these entries made and changed; None if the store is too busy to say."""
    try:
        return store.index.ask(lambda connection: made_by(connection, sequences))
    except BusyError:
        return None


def _why(error: TaskstoreError, opened: Sequence[Opened]) -> Answer:
    if isinstance(error, StorageError):
        for one in opened:
            if one.file.path == error.path:
                return NotYet(one.path, plain(error.message))
    if isinstance(error, NotTrustedError | SignatureToolError):
        return Refused(_described(error), Retry.SIGNATURE, None)
    if isinstance(error, InvalidInputError):
        return Refused(_described(error), Retry.CHANGE, None)
    if isinstance(error, BusyError | StorageError | ReadOnlyError | DamagedError | StoreNotFoundError):
        return Trouble(plain(error.message), plain(error.hint), isinstance(error, BusyError))
    retry = Retry.STORE if isinstance(error, ConflictError) else Retry.CHANGE
    return Refused(_described(error), retry, None)


def _described(error: TaskstoreError) -> dict[str, Any]:
    described = describe(error)
    if isinstance(error, BundleConflictError):
        described |= {"conflicts": plain(error.conflicts[:CONFLICTS_TOLD]), "conflicts_count": len(error.conflicts)}
    return described
