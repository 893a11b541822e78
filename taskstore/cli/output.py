"""An answer in words: JSON and YAML of the whole document, CSV of its rows, or tables for a person."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import msgspec

from taskstore.cli.answer import Answer
from taskstore.cli.options import OutputFormat
from taskstore.cli.plain import plain


def render(answer: Answer, format: OutputFormat, out: TextIO) -> None:
    """Print `answer` to `out`."""
    match format:
        case OutputFormat.JSON:
            out.write(encode_json(plain(answer.document)) + "\n")
        case OutputFormat.YAML:
            out.write(encode_yaml(plain(answer.document)))
        case OutputFormat.CSV:
            _write_csv([plain(row) for row in answer.rows], out)
        case OutputFormat.TABLE:
            from taskstore.cli.table import write_sections

            write_sections(answer.sections, out)


def encode_json(value: Any) -> str:
    """Plain values as indented JSON, fields in their own order."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def encode_yaml(value: Any) -> str:
    """Plain values as YAML 1.2, fields in their own order; ends with a line break."""
    import ryaml

    text: str = ryaml.dumps(value)
    return text if text.endswith("\n") else text + "\n"


def _write_csv(rows: Sequence[Mapping[str, Any]], out: TextIO) -> None:
    """A line of field names, then a line a row (RFC 4180); nested values as JSON, None as nothing."""
    writer = csv.writer(out)
    if rows:
        writer.writerow(rows[0])
        writer.writerows([_csv_cell(value) for value in row.values()] for row in rows)


def _csv_cell(value: Any) -> Any:
    if isinstance(value, bool | list | dict):
        return msgspec.json.encode(value).decode()
    return value
