"""A real store, and a short way to deploy to it: what the semantics are tested through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from taskstore import DeployResult, Format, Source, Store
from taskstore_specs.identity import TaskName

TASK = TaskName("p", "d", "env.task")


class Clock:
    """A clock that goes on by a second each time it is asked; ahead of the one that the store was made by."""

    def __init__(self) -> None:
        self.now = datetime(2100, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


class Registry:
    """A store with the project `p`, deployed to in plain dictionaries."""

    def __init__(self, root: Path, **policies: Any) -> None:
        Store.init(root, projects=["p"], **policies).close()
        self.clock = Clock()
        self.store = Store.open(root, clock=self.clock)

    def document(
        self,
        version: str = "v1",
        *,
        name: str = TASK.name,
        project: str = "p",
        image: str = "i",
        triggers: list[dict[str, Any]] | None = None,
        **spec: Any,
    ) -> dict[str, Any]:
        """A deploy request."""
        template = {"container": {"image": image, "args": ["--version", version]}}
        return {
            "taskId": {"project": project, "domain": "d", "name": name, "version": version},
            "spec": {"taskTemplate": template, "environment": {"name": "env"}} | spec,
            "triggers": triggers or [],
        }

    def deploy(self, version: str = "v1", *, by: str = "me", **given: Any) -> DeployResult:
        """Deploy one task as one file, and what became of it."""
        return self.deploy_file(self.document(version, **given), by=by)[0]

    def deploy_file(self, *documents: dict[str, Any], by: str = "me") -> tuple[DeployResult, ...]:
        """Deploy documents as one file."""
        data = "\n".join(json.dumps(document) for document in documents).encode()
        return self.store.deploy([Source("manifest.json", data, Format.JSON)], by=by).results


def trigger(name: str, *, active: bool = True, cron: str = "0 2 * * *", **spec: Any) -> dict[str, Any]:
    """A trigger with a cron schedule."""
    return {
        "name": name,
        "spec": {"active": active} | spec,
        "automationSpec": {"schedule": {"cron": {"expression": cron}}},
    }


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """A registry of its own for the test."""
    made = Registry(tmp_path / "store")
    yield made
    made.store.close()


@pytest.fixture
def make_registry(tmp_path: Path) -> Any:
    """For a registry with other policies: call it with those of `Store.init`."""
    return lambda **policies: Registry(tmp_path / "other-store", **policies)


@pytest.fixture(name="trigger")
def trigger_fixture() -> Any:
    """For a trigger's document."""
    return trigger


@pytest.fixture
def task() -> TaskName:
    """The task that `registry` deploys unless told otherwise."""
    return TASK
