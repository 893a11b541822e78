"""What is deployed: requests in the shape and size of those that Flyte programs print, each with one trigger.

Of the real ones (`../shared/corpus`) the median has 28 objects and 3.7 KB as indented JSON; these have a little more.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import ryaml

PROJECT, DOMAIN = "flytesnacks", "development"
FRESH = os.urandom(6).hex()
"""A version that no earlier run has deployed, for registries that are kept."""


def name(number: int) -> str:
    """The name of task `number`."""
    return f"{_module(number)}.task_{number}"


def _module(number: int) -> str:
    return f"module_{number % 100}"


def request(number: int, version: str, spec: int | None = None) -> dict[str, Any]:
    """The deploy request of task `number`; requests of the same `spec` (its own by default) have one specification."""
    own = number if spec is None else spec
    environment = _module(number)
    identity = {"project": PROJECT, "domain": DOMAIN, "name": name(number), "version": version}
    shared = identity if spec is None else {"project": PROJECT, "domain": DOMAIN, "name": f"shared.{own}"}
    return {
        "taskId": identity,
        "spec": {
            "taskTemplate": _template(own, shared, version if spec is None else f"{own:012x}"),
            "shortName": f"task_{own}",
            "environment": {"name": environment if spec is None else "shared", "description": "Sorting at scale"},
            "documentation": {
                "shortDescription": f"Does what task {own} does.",
                "sourceCode": {"link": f"https://git.example.org/team/repo/blob/main/examples/module.py#L{own}"},
            },
        },
        "triggers": [_trigger(number)],
    }


def _template(number: int, identity: dict[str, str], version: str) -> dict[str, Any]:
    bundle = f"s3://flyte-data/flytesnacks/development/{number:032x}/fast{number:032x}.tar.gz"
    return {
        "id": {"resourceType": "TASK", **identity},
        "type": "python",
        "metadata": {
            "runtime": {"type": "FLYTE_SDK", "version": "2.12.1", "flavor": "python"},
            "retries": {},
            "discoveryVersion": f"{number:064x}",
            "interruptible": False,
            "generatesDeck": True,
            "debuggable": True,
            "codeBundleUri": bundle,
        },
        "interface": {
            "inputs": {"variables": [_variable("frame"), _variable("limit")]},
            "outputs": {"variables": [_variable("o0")]},
        },
        "container": {
            "image": f"registry.example.org/flyte:{number:032x}",
            "args": _arguments(number, version, bundle),
            "resources": {"requests": [{"name": "CPU", "value": "1"}, {"name": "MEMORY", "value": "2Gi"}]},
            "env": [{"key": "_F_SYS_PATH", "value": "./.:./examples/plugins"}],
        },
    }


def _variable(name: str) -> dict[str, Any]:
    kind = {"structuredDatasetType": {}, "structure": {"tag": "polars.dataframe.frame.DataFrame"}}
    return {"key": name, "value": {"type": kind}}


def _arguments(number: int, version: str, bundle: str) -> list[str]:
    options = {
        "inputs": "{{.input}}",
        "outputs-path": "{{.outputPrefix}}",
        "version": version,
        "raw-data-path": "{{.rawOutputDataPrefix}}",
        "checkpoint-path": "{{.checkpointOutputPrefix}}",
        "prev-checkpoint": "{{.prevCheckpointPrefix}}",
        "run-name": "{{.runName}}",
        "name": "{{.actionName}}",
        "run-start-time": "{{.runStartTime}}",
        "image-cache": f"{number:0256x}",
        "tgz": bundle,
        "dest": ".",
        "resolver": "flyte._internal.resolvers.default.DefaultTaskResolver",
    }
    pairs = [part for name, value in options.items() for part in (f"--{name}", value)]
    return ["a0", *pairs, "mod", "examples.plugins.module", "instance", f"task_{number}"]


def _trigger(number: int) -> dict[str, Any]:
    cron = {"expression": f"{number % 60} {number % 24} * * *", "timezone": "Europe/Berlin"}
    return {
        "name": "daily",
        "spec": {"active": True, "description": "Every night"},
        "automationSpec": {"schedule": {"cron": cron}},
    }


def write_requests(folder: Path, requests: list[dict[str, Any]], suffix: str = "json") -> list[Path]:
    """One manifest file a request, as the programs write them; returns their paths."""
    folder.mkdir(parents=True)
    paths = []
    for number, document in enumerate(requests):
        text = json.dumps(document, indent=2) if suffix == "json" else ryaml.dumps(document)
        path = folder / f"task-{number:06}.{suffix}"
        path.write_text(text)
        paths.append(path)
    return paths
