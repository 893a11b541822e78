"""`taskstore plan`: what a deploy would change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from taskstore.cli.answer import Answer, Block
from taskstore.cli.group import Command
from taskstore.cli.options import Session, session

if TYPE_CHECKING:
    from taskstore.store.preview import DeployPreview, TriggerPreview


@click.command(
    cls=Command,
    examples="""
    taskstore plan merge_sort.yaml
    taskstore plan manifests/ --json | jq '.plans[] | select(.outcome == "updated")'
    """,
)
@click.argument("manifests", metavar="FILE|DIR|-...", nargs=-1, required=True)
@session
def command(session: Session, manifests: tuple[str, ...]) -> int:
    """Show what a deploy would change, and change nothing.

    For each document the fields of the specification that would differ from the version that it replaces (else from the
    task's newest), the triggers that would be added, changed, moved to the version or pruned, and when they fire next.
    The exit code is 3 if anything would be refused.
    """
    from taskstore.cli.collect import list_manifests, read_manifest_file
    from taskstore.cli.errors import INVALID_INPUT

    with session.open() as store:
        plans = store.preview(read_manifest_file(path) for path in list_manifests(manifests))
    session.answer(
        Answer(
            document={"plans": list(map(_document, plans))},
            rows=[preview.result for preview in plans],
            sections=[Block(_title(preview), _text(preview), diff=True) for preview in plans],
        )
    )
    return INVALID_INPUT if any(preview.result.error for preview in plans) else 0


def _document(preview: DeployPreview) -> dict[str, Any]:
    result = preview.result
    return {
        "path": result.path,
        "document": result.document,
        "outcome": result.outcome,
        "task": result.task,
        "project": result.project,
        "digest": result.digest,
        "compared_to": preview.compared_to,
        "only_version_changed": preview.only_version_changed,
        "changes": preview.differences.changes,
        "truncated": preview.differences.truncated,
        "triggers": [
            {
                "name": trigger.name,
                "plan": trigger.plan,
                "changes": trigger.differences.changes,
                "fires_before": trigger.fires_before,
                "fires_after": trigger.fires_after,
            }
            for trigger in preview.triggers
        ],
        "warnings": result.warnings,
        "error": result.error,
    }


def _title(preview: DeployPreview) -> str:
    result = preview.result
    subject = str(result.task) if result.task else f"project {result.project}" if result.project else result.path
    return f"{result.outcome.value}  {subject}"


def _text(preview: DeployPreview) -> str:
    from taskstore.cli.differences import write_differences
    from taskstore.cli.errors import explain

    if preview.result.error:
        return "\n".join(explain(preview.result.error, at=preview.result.path))
    lines = [f"warning: {warning}" for warning in preview.result.warnings]
    if preview.only_version_changed:
        lines.append(f"only the version changed since {preview.compared_to}")
    elif preview.compared_to and preview.differences.changes:
        lines += [f"compared to {preview.compared_to}:", write_differences(preview.differences)]
    for trigger in preview.triggers:
        lines += _trigger_lines(trigger)
    return "\n".join(lines) or "-"


def _trigger_lines(trigger: TriggerPreview) -> list[str]:
    from taskstore.cli.differences import write_differences
    from taskstore.store.preview import TriggerPlan

    lines = [f"trigger {trigger.name} {trigger.plan.value}"]
    if trigger.plan is TriggerPlan.CHANGED:
        lines.append(write_differences(trigger.differences))
    if trigger.fires_before != trigger.fires_after:
        lines += [f"  fires now:  {_times(trigger.fires_before)}", f"  would fire: {_times(trigger.fires_after)}"]
    return lines


def _times(times: Sequence[Any]) -> str:
    return ", ".join(f"{time:%Y-%m-%d %H:%M:%SZ}" for time in times) or "never"
