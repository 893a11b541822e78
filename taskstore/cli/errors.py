"""Errors in words, as JSON, and as exit codes: the one mapping of all programs."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

import click

from taskstore.cli.plain import describe
from taskstore.cli.printable import printable
from taskstore.errors import (
    BusyError,
    ConflictError,
    DamagedError,
    InvalidInputError,
    ManifestError,
    NotFoundError,
    NotTrustedError,
    TaskstoreError,
)

FAULT, USAGE, INVALID_INPUT, CONFLICT, DAMAGED = 1, 2, 3, 5, 7
_ERROR = "error: "
_FAULT_HINT = "run it again with TASKSTORE_DEBUG=1 to see where it happened, and report that"

_EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (click.ClickException, USAGE),
    (InvalidInputError, INVALID_INPUT),
    (NotFoundError, 4),
    (ConflictError, CONFLICT),
    (BusyError, 6),
    (DamagedError, DAMAGED),
    (NotTrustedError, 8),
)


def exit_code(error: Exception) -> int:
    """The exit code that tells `error` to a script; 1 for whatever has no code of its own."""
    return next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), FAULT)


def report(error: Exception, *, as_json: bool) -> int:
    """Tell `error` on stderr, and on stdout as one JSON object when that was asked for; returns the exit code."""
    tell(error)
    if as_json:
        click.echo(_encode(error))
    return exit_code(error)


def tell(error: Exception, at: str = "") -> None:
    """Tell a person of `error`, on stderr, as `explain` words it; a terminal shows where an error begins."""
    for line in explain(error, at):
        told = line.removeprefix(_ERROR)
        click.echo(click.style(_ERROR, fg="red", bold=True) + told if told != line else line, err=True)


def explain(error: Exception, at: str = "") -> list[str]:
    """The lines that tell a person what happened, where (`at`, unless the error knows better), and what to do."""
    if isinstance(error, ManifestError):
        return [line for number in range(len(error.problems)) for line in _explain_problem(error, number)]
    if isinstance(error, TaskstoreError):
        return _lines(error.message, at, error.hint)
    if isinstance(error, click.ClickException):
        return _lines(error.format_message(), hint=_usage_hint(error))
    if os.environ.get("TASKSTORE_DEBUG"):
        return "".join(traceback.format_exception(error)).rstrip().splitlines()
    return _lines(_fault(error), hint=_FAULT_HINT)


def warn(text: str) -> None:
    """Tell a person something beside the result, on stderr."""
    click.echo(f"warning: {text}", file=sys.stderr)


def _lines(message: str, at: str = "", hint: str = "") -> list[str]:
    parts = ((_ERROR, message), ("  at: ", at), ("  hint: ", hint))
    return [printable(label + text) for label, text in parts if text]


def _explain_problem(error: ManifestError, number: int) -> list[str]:
    problem = error.problems[number]
    location = ManifestError(error.source, (problem,)).location
    return _lines(problem.message, location, problem.hint)


def _usage_hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"see `{context.command_path} --help`" if context else ""


def _fault(error: Exception) -> str:
    return f"this is a fault of taskstore: {type(error).__name__}: {error}"


def _encode(error: Exception) -> str:
    from taskstore.cli.output import encode_json

    return encode_json({"error": _describe(error)})


def _describe(error: Exception) -> dict[str, Any]:
    if isinstance(error, TaskstoreError):
        return describe(error)
    if isinstance(error, click.ClickException):
        return {"code": "usage", "message": error.format_message(), "hint": _usage_hint(error)}
    return {"code": "fault", "message": _fault(error), "hint": _FAULT_HINT}
