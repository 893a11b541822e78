"""What the history comes to: the state of versions and triggers, as SELECTs over the history tables.

The same SELECTs say how the registry stands now (when a batch of changes is applied) and how it stood at an earlier
entry (when a query asks for that). Of each thing the last change in journal order counts.
"""

from __future__ import annotations

TASK = "project, domain, name"
VERSION = f"{TASK}, version"
TRIGGER = "project, domain, task_name, name"

NEWEST_FIRST = "created_at DESC, created_sequence DESC, created_position DESC"
"""The order of versions: by the time they were created, ties by their place in the journal."""


def projects(upto: str) -> str:
    """Each project as of entry `upto`, an SQL expression: its last change, and when it was made."""
    return f"""
    SELECT * EXCLUDE ("at"), first_value("at") OVER revisions AS created_at, "at" AS updated_at
    FROM project_revisions WHERE sequence <= {upto}
    WINDOW revisions AS (PARTITION BY id ORDER BY sequence, position)
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY sequence DESC, position DESC) = 1
    """


def versions(after: str, upto: str) -> str:
    """Each version that changed after entry `after` and up to `upto` (SQL expressions): its last change there, and
    as `created_…` its first one there. Columns of `task_versions` but for the trigger counts."""
    return f"""
    SELECT * EXCLUDE (deleted, "at"),
        first_value("at") OVER revisions AS created_at,
        first_value(sequence) OVER revisions AS created_sequence,
        first_value(position) OVER revisions AS created_position,
        "at" AS updated_at,
        CASE WHEN deleted THEN "at" END AS deleted_at
    FROM task_revisions WHERE sequence > {after} AND sequence <= {upto}
    WINDOW revisions AS (PARTITION BY {VERSION} ORDER BY sequence, position)
    QUALIFY row_number() OVER (PARTITION BY {VERSION} ORDER BY sequence DESC, position DESC) = 1
    """


def triggers(after: str, upto: str, *, known: bool) -> str:
    """Each trigger that changed after entry `after` and up to `upto`, as it stands then; columns of `triggers`.

    `deployed_at` is the time of the last deploy; `updated_at` moves only when the trigger started or stopped firing:
    when it was activated, deactivated, paused, resumed, deleted or restored. `known` says that the table `triggers`
    holds the states as of `after`, without which those of changes before `after` would be unknown.
    """
    seed = f"""
        UNION ALL BY NAME
        SELECT * EXCLUDE (deleted_at), deleted_at IS NOT NULL AS deleted, updated_at AS "at"
        FROM triggers SEMI JOIN fresh USING ({TRIGGER})
    """
    return f"""
    WITH fresh AS (
        SELECT *, NULL::TIMESTAMP AS deployed_at, NULL::TIMESTAMP AS updated_at
        FROM trigger_revisions WHERE sequence > {after} AND sequence <= {upto}
    ), steps AS (FROM fresh {seed if known else ""}), moves AS (
        SELECT *, lag((active, paused, deleted)) OVER in_order IS DISTINCT FROM (active, paused, deleted) AS moved
        FROM steps WINDOW in_order AS (PARTITION BY {TRIGGER} ORDER BY sequence, position)
    )
    SELECT * EXCLUDE (deleted, "at", moved) REPLACE (
        coalesce(last_value(coalesce(deployed_at, CASE WHEN action = 'DEPLOY' THEN "at" END) IGNORE NULLS) OVER whole,
            first_value("at") OVER whole) AS deployed_at,
        last_value(CASE WHEN moved THEN "at" END IGNORE NULLS) OVER whole AS updated_at),
        CASE WHEN deleted THEN "at" END AS deleted_at
    FROM moves
    WINDOW whole AS (
        PARTITION BY {TRIGGER} ORDER BY sequence, position ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    QUALIFY row_number() OVER (PARTITION BY {TRIGGER} ORDER BY sequence DESC, position DESC) = 1
    """


def summaries(triggers: str) -> str:
    """For each version that live triggers start: how many, how many of them fire, and which if it is exactly one."""
    return f"""
    SELECT project, domain, task_name AS name, task_version AS version,
        count(*) AS total_triggers,
        count(*) FILTER (active AND NOT paused) AS active_triggers,
        CASE WHEN count(*) = 1 THEN min(name) ELSE '' END AS trigger_name,
        CASE WHEN count(*) = 1 THEN min(automation_type) ELSE '' END AS trigger_type
    FROM {triggers} WHERE deleted_at IS NULL GROUP BY ALL
    """


def summarised(versions: str, triggers: str) -> str:
    """`versions` with the counts of `triggers`: the columns of `task_versions`."""
    return f"""
    SELECT versions.*,
        coalesce(total_triggers, 0) AS total_triggers, coalesce(active_triggers, 0) AS active_triggers,
        coalesce(trigger_name, '') AS trigger_name, coalesce(trigger_type, '') AS trigger_type
    FROM {versions} AS versions LEFT JOIN ({summaries(triggers)}) AS summary USING ({VERSION})
    """


def newest(versions: str) -> str:
    """The newest version of each task that is not deleted; columns of `tasks`."""
    return f"""
    FROM {versions} WHERE deleted_at IS NULL
    QUALIFY row_number() OVER (PARTITION BY {TASK} ORDER BY {NEWEST_FIRST}) = 1
    """
