"""What the history comes to: the state of versions and triggers, as SELECTs over the history tables.

The same SELECTs say how the registry stands now (when the index is made anew) and how it stood at an earlier entry
(when a query asks for that). Of each thing the last change in journal order counts. It is found among narrow rows and
joined to its wide one, since windows over wide rows take much memory.
"""

from __future__ import annotations

TASK = "project, domain, name"
VERSION = f"{TASK}, version"
TRIGGER = "project, domain, task_name, name"

_BITS = 22
_PLACE = f"(sequence << {_BITS} | position)"
"""A place in the journal as one number: an entry has 64 MiB at most, so fewer changes than that (`journal.limits`)."""
_CREATED = f"(created_sequence << {_BITS} | created_position)"


def _age(created_at: str, created: str) -> str:
    """The order of versions, the newest highest: by the time they were created, ties by their place in the journal.

    As one number, since the memory of a comparison of several values grows with the rows that are compared.
    """
    return f"(epoch_us({created_at}) * (1::HUGEINT << 64) + {created})"


def until(table: str, sequence: int) -> str:
    """The rows of a history table up to entry `sequence`: a relation for the functions below, and so their as-of."""
    return f"(FROM {table} WHERE sequence <= {sequence:d})"


def projects(revisions: str) -> str:
    """Each project, of `revisions` out of `project_revisions`: its last change, and when it was made."""
    return f"""
    SELECT * EXCLUDE ("at"), first_value("at") OVER revisions AS created_at, "at" AS updated_at
    FROM {revisions}
    WINDOW revisions AS (PARTITION BY id ORDER BY sequence, position)
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY sequence DESC, position DESC) = 1
    """


def versions(revisions: str) -> str:
    """Each version, of `revisions` out of `task_revisions`: its last change, and as `created_…` its first one.
    Columns of `task_versions` but for the trigger counts."""
    return _versions(revisions, _ends(revisions))


def newest_versions(revisions: str) -> str:
    """Of `versions` the `newest` of each task, without making all the others."""
    age = _age("created_at", "first")
    newest = f"""
    SELECT {TASK}, arg_max(first, {age}) AS first, arg_max(last, {age}) AS last, max(created_at) AS created_at,
        false AS is_deleted
    FROM ({_ends(revisions)}) WHERE NOT is_deleted GROUP BY {TASK}
    """
    return _versions(revisions, newest)


def _ends(revisions: str) -> str:
    """Of each version where its first change stands and its last, when it was created and whether it is deleted."""
    return f"""
    SELECT {VERSION}, min({_PLACE}) AS first, max({_PLACE}) AS last, arg_min("at", {_PLACE}) AS created_at,
        arg_max(deleted, {_PLACE}) AS is_deleted
    FROM {revisions} GROUP BY {VERSION}
    """


def _versions(revisions: str, ends: str) -> str:
    # What identifies a version is taken from `ends`, so that a condition on it leaves most of them out early.
    return f"""
    SELECT revisions.* EXCLUDE ({TASK}, deleted, "at"), ends.project, ends.domain, ends.name, created_at,
        first >> {_BITS} AS created_sequence,
        (first & {2**_BITS - 1})::INTEGER AS created_position,
        "at" AS updated_at,
        CASE WHEN is_deleted THEN "at" END AS deleted_at
    FROM {revisions} AS revisions JOIN ({ends}) AS ends ON {_PLACE} = last
    """


def triggers(revisions: str) -> str:
    """Each trigger, of `revisions` out of `trigger_revisions`; columns of `triggers`.

    `deployed_at` is the time of the last deploy, without one of the first change; `updated_at` moves only when the
    trigger started or stopped firing: when it was activated, deactivated, paused, resumed, deleted or restored.
    """
    return f"""
    WITH steps AS (
        SELECT {TRIGGER}, {_PLACE} AS place, "at", action = 'DEPLOY' AS is_deploy,
            lag((active, paused, deleted)) OVER in_order IS DISTINCT FROM (active, paused, deleted) AS is_move
        FROM {revisions} WINDOW in_order AS (PARTITION BY {TRIGGER} ORDER BY sequence, position)
    ), ends AS (
        SELECT {TRIGGER}, max(place) AS last,
            coalesce(arg_max("at", place) FILTER (is_deploy), arg_min("at", place)) AS deployed_at,
            arg_max("at", place) FILTER (is_move) AS updated_at
        FROM steps GROUP BY {TRIGGER}
    )
    SELECT revisions.* EXCLUDE ({TRIGGER}, deleted, "at"), ends.* EXCLUDE (last),
        CASE WHEN deleted THEN "at" END AS deleted_at
    FROM {revisions} AS revisions JOIN ends ON {_PLACE} = last
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
    WITH live AS (FROM {versions} WHERE deleted_at IS NULL)
    FROM live SEMI JOIN (
        SELECT arg_max({_CREATED}, {_age("created_at", _CREATED)}) AS newest FROM live GROUP BY {TASK}
    ) ON {_CREATED} = newest
    """
