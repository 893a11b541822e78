"""Help, version and completion: on every command, with examples, and quick because they import nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from taskstore.cli.main import COMMANDS, cli

HEAVY = {"duckdb", "rich", "blake3", "msgspec", "ryaml", "yaml", "watchdog", "taskstore.store", "taskstore.index"}


def every_command() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Each command that can be run, by its words."""
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        if not isinstance(command, click.Group):
            yield (name,), command
            continue
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield (name, inner), found


ALL = dict(every_command())


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_explains_itself_with_examples(words: tuple[str, ...]) -> None:
    text = ALL[words].get_help(click.Context(ALL[words], info_name=" ".join(words)))
    assert "Examples:" in text
    assert f"taskstore {' '.join(words)}" in text.partition("Examples:")[2]


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_takes_the_options_that_all_have(words: tuple[str, ...]) -> None:
    options = {option for parameter in ALL[words].params for option in parameter.opts}
    assert {"--store", "-o", "--output", "--json"} <= options


@pytest.mark.parametrize("name", COMMANDS)
def test_the_short_help_is_the_first_line_of_the_long_one(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert (command.help or "").partition("\n")[0] == COMMANDS[name][1]


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (["--version"], {}),
        (["--help"], {}),
        (["deploy", "--help"], {}),
        ([], {"_TASKSTORE_COMPLETE": "bash_complete", "COMP_WORDS": "taskstore ", "COMP_CWORD": "1"}),
        ([], {"_TASKSTORE_COMPLETE": "bash_complete", "COMP_WORDS": "taskstore list --", "COMP_CWORD": "2"}),
    ],
)
def test_what_must_be_quick_imports_nothing_heavy(arguments: list[str], environ: dict[str, str]) -> None:
    root = Path(__file__).parent.parent.parent
    script = f"""
import sys
from taskstore.cli.main import main
try:
    main({arguments!r})
finally:
    print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=root, env=environ, capture_output=True, text=True)
    assert done.stdout
    assert done.stderr == "[]\n"


def test_completion_offers_commands_with_their_help() -> None:
    items = cli.shell_complete(click.Context(cli), "reb")
    assert [(item.value, item.help) for item in items] == [("rebuild", COMMANDS["rebuild"][1])]
