"""The entry point: the table of commands, and what happens to an error that leaves one."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from taskstore.cli.group import LazyGroup

COMMANDS = {
    "init": ("taskstore.cli.commands.init", "Make a store."),
    "project": ("taskstore.cli.commands.project", "Declare, list, archive and restore projects."),
    "deploy": ("taskstore.cli.commands.deploy", "Deploy manifests."),
    "plan": ("taskstore.cli.commands.plan", "Show what a deploy would change, and change nothing."),
    "list": ("taskstore.cli.commands.list", "List tasks, the newest version of each."),
    "versions": ("taskstore.cli.commands.versions", "List the versions of a task, newest first."),
    "show": ("taskstore.cli.commands.show", "Show everything about one version of a task."),
    "history": ("taskstore.cli.commands.history", "Show every deploy of a task or a version, and what each changed."),
    "diff": ("taskstore.cli.commands.diff", "Compare the specifications of two versions, field by field."),
    "rollback": ("taskstore.cli.commands.rollback", "Deploy an earlier version again, as a new revision."),
    "delete": ("taskstore.cli.commands.delete", "Take a version out of the lists."),
    "undelete": ("taskstore.cli.commands.undelete", "Bring a deleted version back into the lists."),
    "spec": ("taskstore.cli.commands.spec", "Store and read specifications alone."),
    "export-request": ("taskstore.cli.commands.export_request", "Print a version as the request that deploys it."),
    "trigger": ("taskstore.cli.commands.trigger", "Show and operate the triggers of tasks."),
    "log": ("taskstore.cli.commands.log", "Show the journal, newest entry first."),
    "sql": ("taskstore.cli.commands.sql", "Answer one SELECT on the index, in DuckDB's SQL."),
    "bundle": ("taskstore.cli.commands.bundle", "Carry tasks to stores that no network reaches."),
    "status": ("taskstore.cli.commands.status", "Show the state of a store."),
    "fsck": ("taskstore.cli.commands.fsck", "Verify a store."),
    "repair": ("taskstore.cli.commands.repair", "Fetch what is missing or damaged from another store or a bundle."),
    "gc": ("taskstore.cli.commands.gc", "Remove what no journal entry names."),
    "rebuild": ("taskstore.cli.commands.rebuild", "Make the index anew from the journal."),
}
_KILLED, _SIGINT, _SIGPIPE = 128, 2, 13
"""How a shell tells of a program that a signal ended; the numbers are the same everywhere, and `signal` takes time."""
_COLLECT_AFTER = 100_000
"""How many more containers there must be before the garbage collector looks for cycles, which commands make few of.
At its usual 700 it takes a twentieth of a deploy's time, and of a rebuild's."""
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _print_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        from taskstore import __version__

        click.echo(f"taskstore {__version__}")
        ctx.exit()


@click.command(cls=LazyGroup, table=COMMANDS, no_args_is_help=False, context_settings=SETTINGS)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Print the version and exit.",
)
def cli() -> None:
    """An offline, file-backed registry of task definitions.

    The store is the one that --store names, else TASKSTORE_HOME, else the nearest parent folder that is one.

    \b
    Completion:  eval "$(_TASKSTORE_COMPLETE=bash_source taskstore)"   (or zsh_source, fish_source)
    Exit codes:  0 done, 1 our fault, 2 usage, 3 invalid input, 4 not found, 5 conflict, 6 busy,
                 7 damaged store, 8 not trusted
    """


def program() -> NoReturn:
    """The process `taskstore`: runs the command that its arguments name, and exits.

    It leaves without taking the interpreter and DuckDB apart, a tenth of the time of a listing. Nothing rests on that:
    a command closes its store, what it acknowledges was durable before, and what it printed is flushed here.
    """
    gc.set_threshold(_COLLECT_AFTER)
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` (else those of the process) name; returns the exit code."""
    return run(cli, "taskstore", arguments)


def run(group: click.Group, name: str, arguments: Sequence[str] | None = None) -> int:
    """Run the program `name`, whose commands are those of `group`; returns the exit code, whatever happens."""
    complete = f"_{name.upper()}_COMPLETE"
    if complete in os.environ:
        group.main(prog_name=name, complete_var=complete)
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        return _run(group, name, given.copy())
    except KeyboardInterrupt:
        return _KILLED + _SIGINT
    except Exception as error:
        return _end(error, as_json=_wants_json(given))


def _run(group: click.Group, name: str, arguments: list[str]) -> int:
    """Run a command to its end; its exit code. Click's own `main` would tell errors its way and return no codes."""
    try:
        with group.make_context(name, arguments) as context:
            code = group.invoke(context)
    except click.exceptions.Exit as end:
        code = end.exit_code
    sys.stdout.flush()
    return code or 0


def _end(error: Exception, *, as_json: bool) -> int:
    from taskstore.cli.errors import report
    from taskstore.errors import TaskstoreError

    # The library raises errors of its own for files; one without a file's name is of stdout.
    if isinstance(error, OSError) and error.filename is None:
        # What is still buffered must not fail again when the interpreter flushes it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return _KILLED + _SIGPIPE
        hint = "what the command did stands; only its answer is lost"
        as_json, error = False, TaskstoreError(f"cannot write the output: {error.strerror}", hint=hint)
    try:
        return report(error, as_json=as_json)
    except OSError:
        return 1  # nobody can be told


def _wants_json(arguments: Sequence[str]) -> bool:
    """Whether JSON was asked for, told from the bare words, as an error may come before they are parsed."""
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return any(
        word in ("--json", "-ojson", "--output=json") or (word in ("-o", "--output") and following == "json")
        for word, following in pairs
    )


if __name__ == "__main__":
    program()
