"""Whole operations on bundles: made into files, and trusted before they are taken."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import msgspec

from taskstore.bundle.create import Created, find_since, write_bundle
from taskstore.bundle.parts import BundleFile, OpenFile, chunks, join, read_part
from taskstore.bundle.progress import Progress
from taskstore.bundle.reader import Bundle
from taskstore.bundle.receipt import Receipt, make_receipt
from taskstore.bundle.split import write_file
from taskstore.bundle.writer import BundleWriter
from taskstore.disk.faults import storage_error
from taskstore.disk.outgoing import require_absent, writing
from taskstore.errors import BundleDamagedError
from taskstore.index import origins
from taskstore.index.selection import Selection
from taskstore.plan.policy import SignaturePolicy
from taskstore.store.commit import system_clock
from taskstore.store.store import Store
from taskstore.trust import SUFFIX, Signer, Trust, sign
from taskstore.trust.signature import ALLOWED_SIGNERS


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that was written: its files, their size in bytes, and its signature if it was signed."""

    created: Created
    files: tuple[Path, ...]
    size: int
    signature: Path | None


def make_bundle(
    store: Store,
    out: Path,
    *,
    since: int | None,
    receipt: Receipt | None,
    selection: Selection,
    most: int | None,
    key: Path | None,
    progress: Progress,
) -> Made:
    """Write a bundle of what `selection` chooses after entry `since`, or after what `receipt` knows, to the new file
    `out`, in parts if it has more than `most` bytes; signed with `key` if that is given.

    Raises as `find_since`, `write_bundle`, `write_file` and `sign`.
    """
    signature = out.with_name(out.name + SUFFIX) if key else None
    if signature:
        require_absent(signature)
    begins = find_since(store, since, receipt, selection)
    created, files = write_file(
        out, most, lambda file: write_bundle(store, BundleWriter(file), begins, selection, progress)
    )
    if key and signature:
        _sign(files, key, signature)
    return Made(
        created=created, files=tuple(files), size=sum(file.stat().st_size for file in files), signature=signature
    )


def take_receipt(store: Store, origin: str | None = None) -> Receipt:
    """What `store` has of all other stores, or of the store `origin` only."""
    followed = store.index.ask(origins)
    return make_receipt(store.config.store_id, (one for one in followed if origin in (None, one.store_id)))


def check_signature(store: Store, bundle: Bundle) -> Signer | None:
    """Who signed `bundle`, by the file of its name with `.sig` behind it; None if nobody did and none need.

    Where the store requires no signature, one that is there is still checked, if the store says whom it trusts.
    Raises as `Trust.check`.
    """
    signature = Path(bundle.name + SUFFIX)
    required = store.config.policies.signatures is SignaturePolicy.REQUIRED
    if not required and not (_exists(signature) and _exists(store.root / ALLOWED_SIGNERS)):
        return None
    return Trust(store.root, system_clock).check(lambda: _as_opened(bundle), signature)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return False
        raise storage_error("cannot look up", path, error) from error


def _as_opened(bundle: Bundle) -> Iterator[bytes]:
    """The bundle's bytes, as long as they agree with the manifest that was read when it was opened: so what is checked
    is what will be taken."""
    offset = 0
    for chunk in chunks(bundle.file):
        if not bundle.agrees(offset, chunk):
            raise BundleDamagedError("it changes while it is read")
        yield chunk
        offset += len(chunk)


def _sign(files: list[Path], key: Path, signature: Path) -> None:
    opened = [OpenFile(path) for path in files]
    try:
        whole: BundleFile = opened[0]
        parts = [read_part(file) for file in opened]
        shares = [share for share in parts if share is not None]
        if shares:
            whole = join([(part, file.without_header()) for part, file in zip(shares, opened, strict=True)])
        data = sign(lambda: chunks(whole), key)
    finally:
        for file in opened:
            file.close()
    with writing(signature) as out:
        out.write(data)
