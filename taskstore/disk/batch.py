"""Many files at once, as durable as one by one, for two waits instead of two a file."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from taskstore.disk import temporary
from taskstore.disk.faults import storage_errors
from taskstore.disk.folders import create_folder, open_folder
from taskstore.disk.sync import CAN_SYNC_FILESYSTEM, sync, sync_filesystem

FEW = 4
"""Up to so many files are synced each: syncfs would also wait for what other programs wrote to the filesystem."""


def replace_files(contents: Mapping[Path, bytes], *, tmp: Path, mode: int = 0o666) -> None:
    """Make each path hold its bytes, durably, whatever it held before. All lie on the filesystem of the folder `tmp`.

    Missing folders are made. Each file appears whole or not at all. When this raises, some may have appeared; they are
    removed again as far as the disk allows, since nobody knows whether they would last. `mode` is narrowed by the
    umask. Raises StorageError.
    """
    if not contents:
        return
    for parent in {path.parent for path in contents}:
        create_folder(parent)
    whole_filesystem = CAN_SYNC_FILESYSTEM and len(contents) > FEW
    with storage_errors("cannot write", next(iter(contents)).parent), open_folder(tmp) as source:
        _Batch(source, whole_filesystem).write(contents, mode)


class _Batch:
    """Order of writes: all temporary files, one wait for them, all names put in place, one wait for those.

    `source` is the open `tmp/`, opened before the first write so that its syncfs tells of every failure.
    """

    def __init__(self, source: int, whole_filesystem: bool) -> None:
        self.source, self.whole_filesystem = source, whole_filesystem
        self.written: dict[Path, str] = {}
        self.placed: list[Path] = []

    def write(self, contents: Mapping[Path, bytes], mode: int) -> None:
        try:
            for path, data in contents.items():
                self.written[path] = temporary.write(self.source, data, mode, durable=not self.whole_filesystem)
            self._sync_all()
            for parent, paths in _by_parent(contents).items():
                self._place(parent, paths)
            self._sync_all()
        except BaseException:
            self._undo()
            raise

    def _place(self, parent: Path, paths: Iterable[Path]) -> None:
        with open_folder(parent) as target:
            for path in paths:
                os.rename(self.written[path], path.name, src_dir_fd=self.source, dst_dir_fd=target)
                del self.written[path]
                self.placed.append(path)
            if not self.whole_filesystem:
                sync(target)

    def _sync_all(self) -> None:
        if self.whole_filesystem:
            sync_filesystem(self.source)

    def _undo(self) -> None:
        for name in self.written.values():
            temporary.remove(self.source, name)
        for path in self.placed:
            with contextlib.suppress(OSError):
                path.unlink()


def _by_parent(paths: Iterable[Path]) -> dict[Path, list[Path]]:
    groups: defaultdict[Path, list[Path]] = defaultdict(list)
    for path in paths:
        groups[path.parent].append(path)
    return groups
