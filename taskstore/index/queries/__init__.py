"""Questions to the index. Each is a function of a connection and a query, and answers with Structs (`rows`)."""

from taskstore.index.queries.columns import COLUMNS, read_time, read_value
from taskstore.index.queries.filters import Filter, Operator, parse_filter
from taskstore.index.queries.made import Made, made_by
from taskstore.index.queries.overview import Counts, count_all, nearest_task
from taskstore.index.queries.records import LogQuery, list_entries, list_projects, list_specs, spec_users
from taskstore.index.queries.rows import (
    EntryRow,
    ProjectRow,
    ProjectState,
    SpecRow,
    SpecUserRow,
    TaskDetail,
    TaskPage,
    TaskRevisionRow,
    TaskRow,
    TriggerDetail,
    TriggerDetailPage,
    TriggerPage,
    TriggerRevisionRow,
    TriggerRow,
    VersionPage,
    VersionRow,
)
from taskstore.index.queries.scheduled import ScheduledRow, list_scheduled
from taskstore.index.queries.sorting import SortKey, parse_sort
from taskstore.index.queries.tasks import TaskQuery, find_version, list_tasks, task_history
from taskstore.index.queries.triggers import (
    TriggerQuery,
    find_trigger,
    list_trigger_details,
    list_triggers,
    trigger_details,
    trigger_history,
)
from taskstore.index.queries.versions import VersionQuery, list_versions

__all__ = [
    "COLUMNS",
    "Counts",
    "EntryRow",
    "Filter",
    "LogQuery",
    "Made",
    "Operator",
    "ProjectRow",
    "ProjectState",
    "ScheduledRow",
    "SortKey",
    "SpecRow",
    "SpecUserRow",
    "TaskDetail",
    "TaskPage",
    "TaskQuery",
    "TaskRevisionRow",
    "TaskRow",
    "TriggerDetail",
    "TriggerDetailPage",
    "TriggerPage",
    "TriggerQuery",
    "TriggerRevisionRow",
    "TriggerRow",
    "VersionPage",
    "VersionQuery",
    "VersionRow",
    "count_all",
    "find_trigger",
    "find_version",
    "list_entries",
    "list_projects",
    "list_scheduled",
    "list_specs",
    "list_tasks",
    "list_trigger_details",
    "list_triggers",
    "list_versions",
    "made_by",
    "nearest_task",
    "parse_filter",
    "parse_sort",
    "read_time",
    "read_value",
    "spec_users",
    "task_history",
    "trigger_details",
    "trigger_history",
]
