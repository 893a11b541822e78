"""`taskstore.json`: what a store is, written once when it is made. See `specs/store-format.md`."""

from __future__ import annotations

import contextlib
import uuid
from pathlib import Path

import msgspec

from taskstore.disk.files import create_file, read_file
from taskstore.disk.folders import create_folder
from taskstore.errors import (
    AlreadyExistsError,
    NotFoundError,
    ReadOnlyError,
    StorageError,
    StoreNotFoundError,
    UnsupportedFormatError,
)
from taskstore.plan.policy import Policy
from taskstore_specs.digest import Digest

FORMAT = 1
FILE_NAME = "taskstore.json"
FOLDERS = ("objects", "journal", "tmp", "locks")
_MOST_BYTES = 64 * 1024


class StoreConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of `taskstore.json`. Unknown fields are damage: no policy falls back to its default unseen."""

    format: int = FORMAT
    store_id: str
    digest: str = Digest.ALGORITHM
    policies: Policy = Policy()


def create_store(root: Path, policies: Policy) -> StoreConfig:
    """Make the folders of a new store, and last, as what makes it one, `taskstore.json`.

    A stop before that last step leaves folders that `create_store` takes up again. Raises AlreadyExistsError when
    `root` holds anything else.
    """
    found = {entry.name for entry in root.iterdir()} if root.is_dir() else set()
    if FILE_NAME in found:
        raise AlreadyExistsError(f"there is a store already: {root}", hint="use it, or name another folder")
    if found - set(FOLDERS) or any(any((root / name).iterdir()) for name in found):
        raise AlreadyExistsError(f"the folder is not empty: {root}", hint="name a new or an empty folder")
    config = StoreConfig(store_id=str(uuid.uuid4()), policies=policies)
    for folder in (root, *(root / name for name in FOLDERS)):
        create_folder(folder)
    create_file(root / FILE_NAME, msgspec.json.format(msgspec.json.encode(config), indent=2) + b"\n", tmp=root / "tmp")
    return config


def read_config(root: Path) -> StoreConfig:
    """Read `taskstore.json` of the store at `root`. Raises StoreNotFoundError, UnsupportedFormatError."""
    try:
        data = read_file(root / FILE_NAME, most=_MOST_BYTES)
    except NotFoundError as error:
        raise StoreNotFoundError(f"there is no store at {root}", hint="`taskstore init` makes one") from error
    try:
        config = msgspec.json.decode(data, type=StoreConfig)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnsupportedFormatError(
            f"{root / FILE_NAME} cannot be read: {error}", hint="restore the file from a copy; nothing else is lost"
        ) from error
    if config.format != FORMAT or config.digest != Digest.ALGORITHM:
        raise UnsupportedFormatError(
            f"{root} has format {config.format} with {config.digest} digests", hint="use a newer version of taskstore"
        )
    return config


def prepare_folders(root: Path) -> None:
    """Make the folders of the store at `root` that are missing, as empty ones are often lost when a store is copied.

    Raises UnsupportedFormatError of one that is a link: what is written would land elsewhere.
    """
    for folder in (root / name for name in FOLDERS):
        if folder.is_symlink():
            raise UnsupportedFormatError(f"{folder} is a link", hint="put the folder itself in its place")
        if not folder.exists():
            with contextlib.suppress(ReadOnlyError, StorageError):  # whoever needs it will say so
                create_folder(folder)


def find_store(start: Path) -> Path:
    """The nearest folder from `start` upwards that holds a store. Raises StoreNotFoundError."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder
    raise StoreNotFoundError(
        f"no store at {start} or above it",
        hint="give --store DIR, set TASKSTORE_HOME, or make one with `taskstore init`",
    )
