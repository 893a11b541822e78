"""The triggers that fire by themselves, as little of them as is needed to tell when."""

from __future__ import annotations

from datetime import datetime

import duckdb
import msgspec

from taskstore.index.history import aware
from taskstore_specs.identity import TaskName
from taskstore_specs.models import Schedule


class ScheduledRow(msgspec.Struct, frozen=True):
    """A trigger that fires by a schedule, and the version that it starts."""

    task: TaskName
    trigger: str
    task_version: str
    schedule: Schedule
    deployed_at: datetime


class _Automation(msgspec.Struct, rename="camel"):
    schedule: Schedule


class _Definition(msgspec.Struct, rename="camel"):
    automation_spec: _Automation


_read_definition = msgspec.json.Decoder(_Definition).decode


def list_scheduled(
    connection: duckdb.DuckDBPyConnection,
    *,
    project: str | None = None,
    domain: str | None = None,
    task_name: str | None = None,
) -> list[ScheduledRow]:
    """Every trigger in scope that fires by a schedule: active, not paused, not deleted."""
    query = """
        SELECT project, domain, task_name, name, task_version, definition, deployed_at FROM triggers
        WHERE active AND NOT paused AND deleted_at IS NULL AND automation_type = 'TYPE_SCHEDULE'
            AND ($project IS NULL OR project = $project) AND ($domain IS NULL OR domain = $domain)
            AND ($task_name IS NULL OR task_name = $task_name)
    """
    scope = {"project": project, "domain": domain, "task_name": task_name}
    return [
        ScheduledRow(
            TaskName(*task), name, version, _read_definition(definition).automation_spec.schedule, aware(deployed_at)
        )
        for *task, name, version, definition, deployed_at in connection.execute(query, scope).fetchall()
    ]
