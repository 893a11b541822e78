"""What every command takes: which store, which format; and what the address of a task is completed with."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskstore.cli.answer import Answer

if TYPE_CHECKING:
    from taskstore.store.store import Store


class OutputFormat(Enum):
    """How an answer is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"


@dataclass(frozen=True)
class Session:
    """One run of a command: the store that is meant, and how to answer."""

    named: Path | None
    format: OutputFormat

    def open(self) -> Store:
        """Open the store that is meant. Raises StoreNotFoundError, UnsupportedFormatError."""
        from taskstore.store.store import Store

        return Store.open(self.named or Store.find(Path.cwd()))

    def answer(self, answer: Answer) -> None:
        """Print `answer` in the format that was asked for."""
        from taskstore.cli.output import render

        render(answer, self.format, sys.stdout)
        # Before anything is said on stderr, so that the two come in their order where both go to one place.
        sys.stdout.flush()
        if self.format is OutputFormat.TABLE:
            for note in answer.notes:
                click.echo(note, err=True)


def session(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Give a command the options that all have, and pass them as its first argument, a Session."""

    @click.option(
        "--store",
        type=click.Path(path_type=Path),
        envvar="TASKSTORE_HOME",
        metavar="DIR",
        help="The store. [else TASKSTORE_HOME, else the nearest parent folder that is one]",
    )
    @click.option(
        "-o",
        "--output",
        type=click.Choice([format.value for format in OutputFormat]),
        default=OutputFormat.TABLE.value,
        help="How to print the result. [table]",
    )
    @click.option("--json", "as_json", is_flag=True, help="Short for -o json.")
    @functools.wraps(function)
    def command(store: Path | None, output: str, as_json: bool, **rest: Any) -> int | None:
        return function(Session(store, OutputFormat.JSON if as_json else OutputFormat(output)), **rest)

    return command


def scope(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Give a command `-p` and `-d`, passed as `project` and `domain`."""
    project = click.option("-p", "--project", envvar="TASKSTORE_PROJECT", help="The project. [TASKSTORE_PROJECT]")
    domain = click.option("-d", "--domain", envvar="TASKSTORE_DOMAIN", help="The domain. [TASKSTORE_DOMAIN]")
    return project(domain(function))
