"""A store on the other side of an air gap, and what a daemon's folder tells of the bundles that come from there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from taskstore.store.store import Store
from tests.bundle_stores import deploy, new_store, send
from tests.daemon.plant import Plant, until


class Upstream:
    """A store that makes bundles, in a folder of its own; nothing of it is visible to a daemon before `carry`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.store = new_store(folder / "store", projects=["p"])

    @property
    def id(self) -> str:
        return self.store.config.store_id

    def deploy(self, *names: str, version: str = "v1", content: str = "") -> None:
        for name in names:
            deploy(self.store, name, version, content or f"{name} {version}")

    def pack(self, name: str, *, to: Store | None = None, since: int | None = None, **options: Any) -> list[Path]:
        """A bundle called `name` in this folder; its files."""
        return send(self.store, self.folder / name, to=to, since=since, **options)


def carry(plant: Plant, *files: Path) -> None:
    """Copy files into the inbox as `cp` does, each over a file of its name if there is one."""
    for file in files:
        shutil.copyfile(file, plant.inbox / file.name)


def outcome(plant: Plant, name: str, *wanted: str) -> dict[str, Any]:
    """The receipt of the bundle `name`, once it tells one of the outcomes `wanted`."""

    def found() -> dict[str, Any] | None:
        assert all(daemon.poll() is None for daemon in plant.running), plant.log.read_text()
        receipt = plant.receipt(name)
        return receipt if receipt and receipt["outcome"] in wanted else None

    log = plant.log.read_text() if plant.log.exists() else ""
    return until(found, f"{name} is {wanted}: {json.dumps(plant.receipt(name))}\n{log}")


def note_of(plant: Plant, name: str) -> Path:
    """Where a note stands beside a refused bundle."""
    return plant.inbox / f"{name}.error.txt"
