"""Which manifests are meant: files, the manifests of folders, and standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from taskstore.errors import InvalidInputError
from taskstore.store.source import Source, read_source
from taskstore_specs import Format
from taskstore_specs.limits import MANIFEST_BYTES

STDIN = "-"


def list_manifests(named: Iterable[str]) -> list[str]:
    """The paths of all the manifests that `named` means: a folder means those in it and below it, in order of name.

    Raises InvalidInputError for a folder without any.
    """
    found: list[str] = []
    for name in named:
        if name == STDIN or not Path(name).is_dir():
            found.append(name)
            continue
        within = sorted(str(path) for path in _walk(Path(name)))
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


def _walk(folder: Path) -> Iterator[Path]:
    """The manifests in a folder, without hidden ones, and without links, which could lead anywhere."""
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(root, name)
            if not name.startswith(".") and _is_manifest(name) and not path.is_symlink():
                yield path


def _is_manifest(name: str) -> bool:
    try:
        Format.of_name(name)
    except InvalidInputError:
        return False
    return True
