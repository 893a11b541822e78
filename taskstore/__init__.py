"""taskstore: an offline, file-backed registry of task definitions.

    from pathlib import Path
    from taskstore import Store, read_source

    with Store.open("registry") as store:
        report = store.deploy([read_source(Path("merge_sort.yaml"))])
        for result in report.results:
            print(result.outcome.value, result.task)

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskstore.errors import TaskstoreError
    from taskstore.index.queries import (
        LogQuery,
        TaskPage,
        TaskQuery,
        TriggerPage,
        TriggerQuery,
        VersionPage,
        VersionQuery,
        parse_filter,
        parse_sort,
    )
    from taskstore.journal.changes import TriggerAction
    from taskstore.plan.outcome import Outcome
    from taskstore.plan.policy import Policy, ProjectPolicy, VersionPolicy
    from taskstore.store.operate import OperateResult
    from taskstore.store.results import (
        DeployReport,
        DeployResult,
        DeploySummary,
        RebuildResult,
        SpecListing,
        SpecResult,
    )
    from taskstore.store.show import StoreStatus, TaskDetails
    from taskstore.store.source import Source, read_source
    from taskstore.store.store import Store
    from taskstore_specs import Digest, Format, TaskId, TaskName

__version__ = "0.1.0"

_HOMES = {
    "DeployReport": "taskstore.store.results",
    "DeployResult": "taskstore.store.results",
    "DeploySummary": "taskstore.store.results",
    "Digest": "taskstore_specs",
    "Format": "taskstore_specs",
    "LogQuery": "taskstore.index.queries",
    "OperateResult": "taskstore.store.operate",
    "Outcome": "taskstore.plan.outcome",
    "Policy": "taskstore.plan.policy",
    "ProjectPolicy": "taskstore.plan.policy",
    "RebuildResult": "taskstore.store.results",
    "Source": "taskstore.store.source",
    "SpecListing": "taskstore.store.results",
    "SpecResult": "taskstore.store.results",
    "Store": "taskstore.store.store",
    "StoreStatus": "taskstore.store.show",
    "TaskDetails": "taskstore.store.show",
    "TaskId": "taskstore_specs",
    "TaskName": "taskstore_specs",
    "TaskPage": "taskstore.index.queries",
    "TaskQuery": "taskstore.index.queries",
    "TaskstoreError": "taskstore.errors",
    "TriggerAction": "taskstore.journal.changes",
    "TriggerPage": "taskstore.index.queries",
    "TriggerQuery": "taskstore.index.queries",
    "VersionPage": "taskstore.index.queries",
    "VersionPolicy": "taskstore.plan.policy",
    "VersionQuery": "taskstore.index.queries",
    "parse_filter": "taskstore.index.queries",
    "parse_sort": "taskstore.index.queries",
    "read_source": "taskstore.store.source",
}

__all__ = [
    "DeployReport",
    "DeployResult",
    "DeploySummary",
    "Digest",
    "Format",
    "LogQuery",
    "OperateResult",
    "Outcome",
    "Policy",
    "ProjectPolicy",
    "RebuildResult",
    "Source",
    "SpecListing",
    "SpecResult",
    "Store",
    "StoreStatus",
    "TaskDetails",
    "TaskId",
    "TaskName",
    "TaskPage",
    "TaskQuery",
    "TaskstoreError",
    "TriggerAction",
    "TriggerPage",
    "TriggerQuery",
    "VersionPage",
    "VersionPolicy",
    "VersionQuery",
    "parse_filter",
    "parse_sort",
    "read_source",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'taskstore' has no attribute {name!r}")
    return getattr(import_module(home), name)
