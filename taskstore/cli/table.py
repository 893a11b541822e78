"""Tables for people: fitted and coloured on a terminal; plain columns with whole values where they are piped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

from taskstore.cli.answer import Block, Column, Fields, Section, Table
from taskstore.cli.fit import GAP, fit
from taskstore.cli.plain import plain
from taskstore.cli.printable import printable
from taskstore_specs.digest import Digest

_SHORT_DIGEST = 12
_NOTHING = "-"
_DIFF_STYLES = {"+ ": "green", "- ": "red"}


def write_sections(sections: Sequence[Section], out: TextIO) -> None:
    """Print sections with an empty line between them."""
    write = _write_rich if out.isatty() else _write_plain
    for number, section in enumerate(section for section in sections if not _is_empty(section)):
        if number:
            out.write("\n")
        write(section, out)


def _is_empty(section: Section) -> bool:
    match section:
        case Table():
            return not section.rows
        case Block():
            return not section.text
        case Fields():
            return not section.values


def _write_plain(section: Section, out: TextIO) -> None:
    match section:
        case Block(title, text):
            out.write(f"{title}:\n" if title else "")
            out.write(f"{_printable_lines(text)}\n")
        case Fields(values):
            _write_columns(([f"{name}:", _cell(value)] for name, value in values.items()), out)
        case Table(columns, rows):
            lines = [[_cell(column.cell(row)) for column in columns] for row in rows]
            _write_columns([[column.title for column in columns], *lines], out)


def _write_columns(lines: Iterable[Sequence[str]], out: TextIO) -> None:
    rows = list(lines)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (" " * GAP).join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        out.write(padded.rstrip() + "\n")


def _write_rich(section: Section, out: TextIO) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(file=out, highlight=False)
    match section:
        case Block(title, text, diff):
            if title:
                console.print(Text(f"{title}:", style="bold"))
            for line in _printable_lines(text).splitlines():
                console.print(Text(line, style=_DIFF_STYLES.get(line[:2], "") if diff else ""))
        case Fields(values):
            _print_fields(console, values)
        case Table(columns, rows):
            _print_table(console, columns, rows)


def _print_fields(console: Any, values: Mapping[str, Any]) -> None:
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable.grid(padding=(0, GAP))
    for name, value in values.items():
        grid.add_row(Text(f"{name}:", style="bold"), Text(_cell(value), overflow="fold"))
    console.print(grid)


def _print_table(console: Any, columns: Sequence[Column], rows: Sequence[Any]) -> None:
    from rich.cells import cell_len
    from rich.table import Table as RichTable
    from rich.text import Text

    lines = [[_short_cell(column.cell(row)) for column in columns] for row in rows]
    wanted = [max(map(cell_len, texts)) for texts in zip([column.title for column in columns], *lines, strict=True)]
    widths = fit(wanted, console.width)
    table = RichTable.grid(padding=(0, GAP), pad_edge=False)
    for number, (column, width) in enumerate(zip(columns, widths, strict=False)):
        table.add_column(width=width, style=column.style, no_wrap=number > 0, overflow="ellipsis" if number else "fold")
    table.add_row(*(Text(column.title, style="bold not dim") for column in columns[: len(widths)]))
    for line in lines:
        table.add_row(*map(Text, line[: len(widths)]))
    console.print(table)


def _printable_lines(text: str) -> str:
    return "\n".join(map(printable, text.rstrip("\n").split("\n")))


def _cell(value: Any) -> str:
    """A value, whole."""
    if value is None:
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    shown = plain(value)
    if isinstance(shown, dict):
        shown = ", ".join(f"{name}: {_cell(item)}" for name, item in shown.items())
    elif isinstance(shown, list):
        shown = ", ".join(map(_cell, shown))
    return printable(str(shown)) or _NOTHING


def _short_cell(value: Any) -> str:
    """A value as a terminal has room for: times to the second, digests cut."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, Digest):
        return f"{Digest.ALGORITHM}:{value.hex[:_SHORT_DIGEST]}…"
    return _cell(value)
