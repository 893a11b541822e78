"""What some entries of the journal made and changed."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import msgspec

_MADE = """
    WITH entries AS (SELECT unnest($sequences::BIGINT[]) AS sequence)
    SELECT
        (SELECT count(DISTINCT id) FROM project_revisions SEMI JOIN entries USING (sequence)),
        (SELECT count(*) FROM task_versions SEMI JOIN entries ON task_versions.created_sequence = entries.sequence),
        (SELECT count(DISTINCT (project, domain, name, version))
            FROM task_revisions SEMI JOIN entries USING (sequence)),
        (SELECT count(DISTINCT (project, domain, task_name, name))
            FROM trigger_revisions SEMI JOIN entries USING (sequence))
"""


class Made(msgspec.Struct, frozen=True):
    """How many things some entries are about: projects, task versions that they created or updated, and triggers."""

    projects: int
    versions_created: int
    versions_updated: int
    triggers: int


def made_by(connection: duckdb.DuckDBPyConnection, sequences: Sequence[int]) -> Made:
    """What the entries of these numbers made and changed."""
    [(projects, created, versions, triggers)] = connection.execute(_MADE, {"sequences": list(sequences)}).fetchall()
    return Made(projects, created, versions - created, triggers)
