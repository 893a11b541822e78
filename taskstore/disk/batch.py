"""Many files at once, as durable as one by one, for two waits instead of two a file."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from taskstore.disk import temporary
from taskstore.disk.faults import storage_errors
from taskstore.disk.folders import create_folders, open_folder
from taskstore.disk.sync import CAN_SYNC_FILESYSTEM, sync, sync_filesystem

FEW = 4
"""Up to so many files are synced each: syncfs would also wait for what other programs wrote to the filesystem."""


def replace_files(contents: Mapping[Path, bytes], *, tmp: Path, mode: int = 0o666) -> None:
    """Make each path hold its bytes, durably, whatever it held before. All lie on the filesystem of the folder `tmp`.

    Missing folders are made. Each file appears whole or not at all; when this raises, some may have appeared, their
    bytes durable. `mode` is narrowed by the umask. Raises StorageError.
    """
    if not contents:
        return
    groups = _by_parent(contents)
    create_folders(groups)
    with storage_errors("cannot write below", _common_parent(groups)), temporary.open_tmp(tmp) as source:
        _Batch(source, len(contents)).write(contents, groups, mode)


class _Batch:
    """Order of writes: all temporary files, one wait for them, all their names, one wait for those.

    `source` is the open `tmp/`, opened before the first write so that its syncfs tells of every failure since.
    """

    def __init__(self, source: int, count: int) -> None:
        self.source = source
        self.whole_filesystem = CAN_SYNC_FILESYSTEM and count > FEW
        self.written: dict[Path, str] = {}

    def write(self, contents: Mapping[Path, bytes], groups: Mapping[Path, Iterable[Path]], mode: int) -> None:
        try:
            for path, data in contents.items():
                self.written[path] = temporary.write(self.source, data, mode, durable=not self.whole_filesystem)
            self._sync_filesystem()
            for parent, paths in groups.items():
                self._place(parent, paths)
            self._sync_filesystem()
        except BaseException:
            for name in self.written.values():
                temporary.remove(self.source, name)
            raise

    def _place(self, parent: Path, paths: Iterable[Path]) -> None:
        with open_folder(parent) as folder:
            for path in paths:
                os.rename(self.written[path], path.name, src_dir_fd=self.source, dst_dir_fd=folder)
                del self.written[path]
            if not self.whole_filesystem:
                sync(folder)

    def _sync_filesystem(self) -> None:
        if self.whole_filesystem:
            sync_filesystem(self.source)


def _by_parent(paths: Iterable[Path]) -> dict[Path, list[Path]]:
    groups: defaultdict[Path, list[Path]] = defaultdict(list)
    for path in paths:
        groups[path.parent].append(path)
    return groups


def _common_parent(folders: Iterable[Path]) -> Path:
    return Path(os.path.commonpath(folders))
