"""What the commands that change one task have in common: who does it, and how the outcome is told."""

from __future__ import annotations

from typing import Any

import click

from taskstore.cli.answer import Answer, Column, Table

by_option = click.option("--by", metavar="WHO", help="Who does it. [the user and host]")

_COLUMNS = (
    Column("OUTCOME", lambda row: row["outcome"], "bold"),
    Column("TASK", lambda row: row["task"]),
    Column("REVISION", lambda row: row["revision"]),
    Column("SEQUENCE", lambda row: row["sequence"]),
)


def task_answer(task: Any, changed: bool, revision: int | None, sequence: int | None, digest: Any = None) -> Answer:
    """What became of one task version, in the form in which a deploy tells it."""
    row = {
        "path": None,
        "document": 0,
        "outcome": "updated" if changed else "unchanged",
        "task": task,
        "project": None,
        "digest": digest,
        "revision": revision,
        "sequence": sequence,
        "warnings": [],
        "error": None,
    }
    summary = {"created": 0, "updated": int(changed), "unchanged": int(not changed), "rejected": 0}
    return Answer(document={"results": [row], "summary": summary}, rows=[row], sections=[Table(_COLUMNS, [row])])
