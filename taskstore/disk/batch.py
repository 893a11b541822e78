"""Many files at once, as durable as one by one, for two waits instead of two a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from taskstore.disk import temporary
from taskstore.disk.faults import storage_errors
from taskstore.disk.folders import create_folders, open_folder
from taskstore.disk.sync import CAN_SYNC_FILESYSTEM, sync, sync_filesystem

FEW = 4
"""Up to so many files are synced each: syncfs would also wait for what other programs wrote to the filesystem."""

Files = Mapping[Path, Mapping[str, bytes]]
"""By folder what each of its files is to hold, by name. A Path for each file would take a fifth of the time."""


def replace_files(contents: Files, *, tmp: Path, mode: int = 0o666) -> None:
    """Make each file hold its bytes, durably, whatever it held before. All lie on the filesystem of the folder `tmp`.

    Missing folders are made. Each file appears whole or not at all; when this raises, some may have appeared, their
    bytes durable. `mode` is narrowed by the umask. Raises StorageError.
    """
    count = sum(map(len, contents.values()))
    if not count:
        return
    with storage_errors("cannot write below", _common_parent(contents)), temporary.open_tmp(tmp) as source:
        _Batch(source, count).write(contents, mode)


class _Batch:
    """Order of writes: missing folders and all temporary files, one wait for them, all their names, one wait for those.

    `source` is the open `tmp/`, opened before the first write so that its syncfs tells of every failure since.
    """

    def __init__(self, source: int, count: int) -> None:
        self.source = source
        self.whole_filesystem = CAN_SYNC_FILESYSTEM and count > FEW
        self.written: dict[Path, dict[str, str]] = {}

    def write(self, contents: Files, mode: int) -> None:
        create_folders(contents, durable=not self.whole_filesystem)
        try:
            for folder, files in contents.items():
                written = self.written[folder] = {}
                for name, data in files.items():
                    written[name] = temporary.write(self.source, data, mode, durable=not self.whole_filesystem)
            self._sync_filesystem()
            for folder, written in self.written.items():
                self._place(folder, written)
            self._sync_filesystem()
        except BaseException:
            for written in self.written.values():
                for name in written.values():  # those that were renamed are not found, and no harm done
                    temporary.remove(self.source, name)
            raise

    def _place(self, folder: Path, written: Mapping[str, str]) -> None:
        with open_folder(folder) as target:
            for name, temporary_name in written.items():
                os.rename(temporary_name, name, src_dir_fd=self.source, dst_dir_fd=target)
            if not self.whole_filesystem:
                sync(target)

    def _sync_filesystem(self) -> None:
        if self.whole_filesystem:
            sync_filesystem(self.source)


def _common_parent(folders: Iterable[Path]) -> Path:
    return Path(os.path.commonpath(folders))
