"""Which manifests are meant: files, the manifests of folders, and standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from taskstore.errors import InvalidInputError, StorageError
from taskstore.store.source import Source, read_source
from taskstore_specs import Format
from taskstore_specs.limits import MANIFEST_BYTES

STDIN = "-"


def list_manifests(named: Iterable[str]) -> list[str]:
    """The paths of all the manifests that `named` means: a folder means those in it and below it, in order of name.

    Raises InvalidInputError for a folder without any, StorageError for one that cannot be read.
    """
    found: list[str] = []
    for name in named:
        if name == STDIN or not Path(name).is_dir():
            found.append(name)
            continue
        within = sorted(path.removeprefix("./") for path in _walk(str(Path(name))))
        if not within:
            raise InvalidInputError(f"no manifest in {name}", hint="manifests end in .yaml, .yml, .json or .toml")
        found.extend(within)
    return found


def read_manifest_file(name: str) -> Source:
    """Read one of the paths that `list_manifests` gave. Raises as `read_source`."""
    if name != STDIN:
        return read_source(Path(name))
    data = sys.stdin.buffer.read(MANIFEST_BYTES + 1)
    return Source(STDIN, data, _guess_format(data))


def _guess_format(data: bytes) -> Format:
    """Standard input has no name to tell the format: it is JSON if it begins as JSON does, else YAML."""
    return Format.JSON if data.lstrip()[:1] in (b"{", b"[") else Format.YAML


def _walk(folder: str) -> Iterator[str]:
    """The manifests in a folder, without hidden ones, and without links, which could lead anywhere."""
    folders = [folder]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                shown = [entry for entry in entries if not entry.name.startswith(".") and not entry.is_symlink()]
        except OSError as error:
            raise StorageError("cannot read", Path(error.filename or folder), error) from error
        folders += [entry.path for entry in shown if entry.is_dir()]
        yield from (entry.path for entry in shown if not entry.is_dir() and _is_manifest(entry.name))


def _is_manifest(name: str) -> bool:
    try:
        Format.of_name(name)
    except InvalidInputError:
        return False
    return True
