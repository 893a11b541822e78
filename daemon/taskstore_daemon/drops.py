"""What `taskstored drop` puts into a folder, and which receipt answers it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from taskstore.bundle import opened, require_one
from taskstore.disk.files import read_file, replace_file
from taskstore.disk.folders import sync_folder
from taskstore.disk.outgoing import scratch
from taskstore.disk.sync import sync
from taskstore.errors import BundlePartMissingError, InvalidInputError
from taskstore.plan.outcome import Outcome
from taskstore_daemon.names import SIGNATURE_SUFFIX, Ignored, bundle_of, why_ignored
from taskstore_specs.digest import Digest
from taskstore_specs.limits import MANIFEST_BYTES

Receipt = dict[str, Any]

_CHUNK = 1024 * 1024


class Drop(msgspec.Struct, frozen=True):
    """What one receipt answers: a manifest, or the files of one bundle, called `name` in the inbox.

    `content` is what the receipt must name; None of a bundle of which some parts are dropped only. A signature that is
    dropped alone is no drop that anything answers.
    """

    name: str
    files: tuple[Path, ...]
    content: str | None

    @property
    def is_awaited(self) -> bool:
        """Whether there will be a receipt."""
        return not all(map(_is_signature, self.files))

    def is_answered(self, receipt: Receipt, before: Receipt | None) -> bool:
        """Whether `receipt` is about this, given the one that was there before it was dropped.

        A receipt from before stands for content that is known, and is left alone; a refused one is tried anew.
        """
        if receipt["outcome"] == Outcome.REJECTED.value:
            return receipt != before and (bundle_of(self.name) is not None or receipt["content"] == self.content)
        if self.content is not None:
            return bool(receipt["content"] == self.content)
        parts = {file.name for file in self.files if not _is_signature(file)}
        return receipt != before and parts <= set(receipt["files"])


def gather(paths: Sequence[Path]) -> list[Drop]:
    """The drops that these files make; signatures belong to the file of their name.

    Raises InvalidInputError of a name that is never taken or that two files have, and of a bundle that is damaged.
    """
    _check_names(paths)
    names: dict[str, list[Path]] = {}
    for path in sorted(paths, key=lambda path: not _is_signature(path)):
        name = path.name.removesuffix(SIGNATURE_SUFFIX) if _is_signature(path) else path.name
        names.setdefault(bundle_of(name) or name, []).append(path)
    return [Drop(name, tuple(files), _content(name, files)) for name, files in names.items()]


def put(drop: Drop, inbox: Path) -> None:
    """Put it there, a signature first: each file under another name, made durable, then renamed into place.

    Raises StorageError.
    """
    for file in drop.files:
        if bundle_of(file.name) is None:
            replace_file(inbox / file.name, read_file(file, most=MANIFEST_BYTES, follow=True), tmp=inbox)
        else:
            _copy(file, inbox / file.name)


def _copy(source: Path, target: Path) -> None:
    with scratch(target) as (file, name), source.open("rb") as data:
        shutil.copyfileobj(data, file, _CHUNK)
        file.flush()
        sync(file.fileno())
        name.replace(target)
    sync_folder(target.parent)


def _is_signature(path: Path) -> bool:
    return why_ignored(path.name) is Ignored.SIGNATURE


def _check_names(paths: Sequence[Path]) -> None:
    names: set[str] = set()
    for path in paths:
        why = why_ignored(path.name)
        if why is not None and why is not Ignored.SIGNATURE:
            raise InvalidInputError(f"{path} would be ignored: {why.value}", hint="give it another name")
        if path.name in names:
            raise InvalidInputError(f"two files are called {path.name}", hint="drop them one after the other")
        names.add(path.name)


def _content(name: str, files: Sequence[Path]) -> str | None:
    content = [file for file in files if not _is_signature(file)]
    if not content:
        return None
    if bundle_of(name) is None:
        return str(Digest.of(read_file(content[0], most=MANIFEST_BYTES, follow=True)))
    try:
        with opened(content) as bundles:
            return require_one(bundles).digest
    except BundlePartMissingError:
        return None
