"""`taskstore trigger`: the triggers of tasks."""

from __future__ import annotations

import click

from taskstore.cli.group import LazyGroup


@click.group(
    cls=LazyGroup,
    no_args_is_help=False,
    table={
        "list": ("taskstore.cli.commands.trigger_list", "List triggers, the active ones first."),
        "show": ("taskstore.cli.commands.trigger_show", "Show a trigger, as it is or at a revision."),
        "history": ("taskstore.cli.commands.trigger_history", "Show every revision of a trigger."),
        "upcoming": ("taskstore.cli.commands.trigger_upcoming", "Show when triggers fire next."),
        "deploy": ("taskstore.cli.commands.trigger_deploy", "Deploy one trigger beside the others of its task."),
        "activate": ("taskstore.cli.commands.trigger_operate:activate", "Let triggers fire."),
        "deactivate": ("taskstore.cli.commands.trigger_operate:deactivate", "Stop triggers, until the next deploy."),
        "pause": ("taskstore.cli.commands.trigger_operate:pause", "Hold triggers, whatever is deployed."),
        "resume": ("taskstore.cli.commands.trigger_operate:resume", "Lift the hold on triggers."),
        "delete": ("taskstore.cli.commands.trigger_operate:delete", "Delete triggers, softly."),
    },
)
def command() -> None:
    """Show and operate the triggers of tasks."""
