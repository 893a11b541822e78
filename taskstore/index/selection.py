"""Which of a store's facts are chosen for others: by project, domain and task, all that happened or how it stands."""

from __future__ import annotations

from typing import Any

import msgspec
from duckdb import DuckDBPyConnection

from taskstore_specs import encode_canonical
from taskstore_specs.digest import Digest

_TASK = "project, domain, name"
_ASKED = """
    ($project = '' OR project = $project) AND ($domain = '' OR domain = $domain) AND (len($projects) = 0 OR
        EXISTS (FROM (SELECT unnest($projects) AS p, unnest($domains) AS d, unnest($names) AS n, unnest($versions) AS v)
            WHERE p = project AND d = domain AND n = {name} AND v IN ('', {version})))
"""
_CHOSEN = f"""
WITH asked_tasks AS (
    FROM task_revisions WHERE {_ASKED.format(name="name", version="version")} AND sequence <= $until
), asked_triggers AS (
    FROM trigger_revisions WHERE {_ASKED.format(name="task_name", version="task_version")} AND sequence <= $until
), standing AS (
    SELECT {_TASK}, version, min(("at", sequence, position)) AS created,
        arg_max(deleted, (sequence, position)) AS deleted
    FROM asked_tasks GROUP BY ALL
), started AS (
    SELECT project, domain, task_name, task_version, deleted FROM asked_triggers
    QUALIFY row_number() OVER (PARTITION BY project, domain, task_name, name ORDER BY sequence DESC, position DESC) = 1
), latest AS (
    SELECT {_TASK}, version FROM standing WHERE NOT deleted
    QUALIFY row_number() OVER (PARTITION BY {_TASK} ORDER BY created DESC) = 1
    UNION SELECT project, domain, task_name, task_version FROM started WHERE NOT deleted
), tasks AS (
    FROM asked_tasks WHERE NOT $latest
    UNION ALL FROM asked_tasks SEMI JOIN latest USING ({_TASK}, version) WHERE $latest
), projects AS (
    FROM project_revisions WHERE sequence <= $until
        AND (id IN (SELECT project FROM tasks) OR (id = $project AND len($projects) = 0))
)
SELECT sequence, position FROM (
    SELECT sequence, position FROM tasks UNION SELECT sequence, position FROM asked_triggers
    UNION SELECT sequence, position FROM projects
) WHERE sequence > $since ORDER BY ALL
"""

_SCOPE_DIGITS = 16


class Chosen(msgspec.Struct, frozen=True, order=True):
    """A task that is asked for; all of its versions if `version` is empty."""

    project: str
    domain: str
    name: str
    version: str = ""


class Selection(msgspec.Struct, frozen=True, omit_defaults=True):
    """Facts are chosen that fit all of what is given: the project, the domain, one of the tasks.

    `latest`: of each task only the newest version, and those that triggers start. Nothing given: everything.
    """

    project: str = ""
    domain: str = ""
    tasks: tuple[Chosen, ...] = ()
    latest: bool = False

    @property
    def scope(self) -> str:
        """A short name, the same for the same selection; empty for everything."""
        if self == Selection():
            return ""
        ordered = msgspec.structs.replace(self, tasks=tuple(sorted(set(self.tasks))))
        return Digest.of(encode_canonical(ordered)).hex[:_SCOPE_DIGITS]


def chosen_places(
    connection: DuckDBPyConnection, selection: Selection, since: int, until: int
) -> list[tuple[int, int]]:
    """Where the facts stand that `selection` chooses, after entry `since` up to `until`: an entry's number, the place
    in it. They are about tasks, their triggers and their projects.
    """
    asked: dict[str, Any] = {
        "project": selection.project,
        "domain": selection.domain,
        "projects": [task.project for task in selection.tasks],
        "domains": [task.domain for task in selection.tasks],
        "names": [task.name for task in selection.tasks],
        "versions": [task.version for task in selection.tasks],
        "latest": selection.latest,
        "since": since,
        "until": until,
    }
    return connection.execute(_CHOSEN, asked).fetchall()
