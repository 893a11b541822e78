"""What the commands that change one task have in common: who does it, and how the outcome is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from taskstore.cli.answer import Answer, Column, Table

if TYPE_CHECKING:
    from taskstore.store.operate import OperateResult
    from taskstore_specs.identity import TaskName

by_option = click.option("--by", metavar="WHO", help="Who does it. [the user and host]")

_VERSION_COLUMNS = (
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
    return Answer(
        document={"results": [row], "summary": summary}, rows=[row], sections=[Table(_VERSION_COLUMNS, [row])]
    )


_TRIGGER_COLUMNS = (
    Column("OUTCOME", lambda row: row["outcome"], "bold"),
    Column("TRIGGER", lambda row: row["trigger"]),
    Column("TASK", lambda row: row["task"]),
    Column("REVISION", lambda row: row["revision"]),
)


def triggers_answer(task: TaskName, names: Sequence[str], result: OperateResult) -> Answer:
    """What became of each of the triggers `names` of `task`."""
    from taskstore.journal.changes import TriggerChange

    changed = {change.trigger.name: change for change in result.changes if isinstance(change, TriggerChange)}
    rows = [
        {
            "task": task,
            "trigger": name,
            "outcome": "updated" if name in changed else "unchanged",
            "revision": changed[name].revision if name in changed else None,
            "sequence": result.sequence if name in changed else None,
        }
        for name in dict.fromkeys(names)
    ]
    return Answer(document={"results": rows}, rows=rows, sections=[Table(_TRIGGER_COLUMNS, rows)])
