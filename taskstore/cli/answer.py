"""What a command answers: one JSON object, and how to show it to a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Column:
    """A column of a table: its title, and what it shows of a row (a value, or text already put for people).

    `style` is how a terminal colours it.
    """

    title: str
    cell: Callable[[Any], Any]
    style: str = ""


@dataclass(frozen=True)
class Table:
    """Rows for people."""

    columns: Sequence[Column]
    rows: Sequence[Any]


@dataclass(frozen=True)
class Fields:
    """Facts about one thing, for people: a name and a value a line."""

    values: Mapping[str, Any]


@dataclass(frozen=True)
class Block:
    """A text for people, such as a specification; `title` may be empty. A terminal colours the lines of a `diff`."""

    title: str
    text: str
    diff: bool = False


Section = Table | Fields | Block


@dataclass(frozen=True)
class Answer:
    """What a command answers.

    `document` is what JSON and YAML print, the stable contract; `rows` are its records, a CSV line each; `sections` are
    what a person is shown; `notes` are said beside the result, on stderr and to people only.
    """

    document: Mapping[str, Any]
    rows: Sequence[Any]
    sections: Sequence[Section]
    notes: Sequence[str] = ()
