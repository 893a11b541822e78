"""Who may own and write the files of a store. Pure, but for asking who is asking."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from taskstore.check.listing import Found
from taskstore.check.problem import Commands, Kind, Problem
from taskstore_specs.digest import Digest

_SUPERUSER = 0


class Guard(msgspec.Struct, frozen=True):
    """Who is expected: `owners`, and where the store's folder is writable for its group, the members of `group`."""

    owners: frozenset[int]
    group: int | None
    commands: Commands

    @classmethod
    def of(cls, root: os.stat_result, caller: int, commands: Commands) -> Guard:
        """For a store whose folder is `root`, asked by the user `caller`."""
        group = root.st_gid if root.st_mode & stat.S_IWGRP else None
        return cls(frozenset({root.st_uid, caller, _SUPERUSER}), group, commands)

    def check(self, path: Path, status: os.stat_result) -> Iterator[Problem]:
        """What is wrong with the owner and the mode of the file or folder `path`."""
        if status.st_uid not in self.owners and status.st_gid != self.group:
            yield Problem(
                kind=Kind.EXPOSED,
                message=f"{path} belongs to user {status.st_uid}, to whom the store does not belong",
                repair=self.commands.own(path, min(self.owners - {_SUPERUSER}, default=_SUPERUSER)),
                path=path,
            )
        if status.st_mode & stat.S_IWOTH and not stat.S_ISLNK(status.st_mode):
            yield Problem(
                kind=Kind.EXPOSED,
                message=f"{path} can be written by everybody",
                repair=self.commands.shut(path),
                path=path,
            )

    def check_found(self, found: Found[Digest] | Found[int]) -> Iterator[Problem]:
        """As `check`, and whether the file or folder belongs where it is."""
        yield from self.check(found.path, found.status)
        if found.is_foreign:
            yield Problem(
                kind=Kind.FOREIGN_FILE,
                message=f"{found.path} is no part of a store",
                repair=self.commands.set_aside(found.path),
                path=found.path,
            )


def check_top(root: Path, guard: Guard) -> Iterator[Problem]:
    """What is wrong with the owners and modes of a store's folder and of what lies directly in it or is locked."""
    for path in (root, *sorted(root.iterdir()), *sorted((root / "locks").glob("*"))):
        try:
            status = path.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        yield from guard.check(path, status)
        if stat.S_ISLNK(status.st_mode) and path != root:
            yield Problem(
                kind=Kind.FOREIGN_FILE,
                message=f"{path} is a link; nothing follows it",
                repair=guard.commands.set_aside(path),
                path=path,
            )
