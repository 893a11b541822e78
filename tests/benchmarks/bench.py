"""What every group of figures is given: a place on the disk, sizes, the peers, and the registries made so far."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from peers.postgres import Postgres
from registry import Registry, build


class Place:
    """A folder that is removed at the end, whole.

    Each run works in a new folder inside it, and none is removed before the end: ext4 avoids the inodes of the last
    five seconds, so that making files right after removing thousands is ten times slower.
    """

    def __init__(self, inside: Path) -> None:
        self.root = Path(tempfile.mkdtemp(prefix=".bench-", dir=inside))
        self.root.chmod(0o755)  # PostgreSQL runs as a user of its own
        self._count = 0

    def new(self, name: str) -> Path:
        """The path of a folder that is not there yet."""
        self._count += 1
        return self.root / f"{self._count:04}-{name}"

    def remove(self) -> None:
        shutil.rmtree(self.root)


@dataclass
class Bench:
    """`rounds` of each figure; `manifests` in a deploy; `versions` and `tasks` of the large registry; `sizes` of those
    that show growth, in versions. `kept` is a folder where registries of earlier runs are found, and left."""

    place: Place
    rounds: int
    manifests: int
    versions: int
    tasks: int
    sizes: tuple[int, ...]
    postgres: Postgres | None
    kept: Path | None = None
    _registries: dict[int, Registry] = field(default_factory=dict)

    def registry(self, versions: int) -> Registry:
        """A store with so many versions, made when it is first asked for; one task for every fifty."""
        if versions not in self._registries:
            tasks = max(1, versions * self.tasks // self.versions)
            self._registries[versions] = Registry(self._made(versions, tasks), versions, tasks)
        return self._registries[versions]

    def _made(self, versions: int, tasks: int) -> Path:
        name = f"registry-{versions}"
        known = self.kept / name if self.kept else None
        if known and known.is_dir():
            return known
        new = self.place.new(name)
        build(new, versions, tasks)
        return new.rename(known) if known else new
