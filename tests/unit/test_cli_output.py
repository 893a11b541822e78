"""How answers are printed, whatever the command."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
import ryaml
from hypothesis import given
from hypothesis import strategies as st

from taskstore.cli.answer import Answer, Block, Column, Fields, Table
from taskstore.cli.options import OutputFormat
from taskstore.cli.output import encode_yaml, render
from taskstore.cli.plain import describe, plain
from taskstore.errors import ManifestError, Problem, VersionConflictError
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId
from taskstore_specs.models import Cron

DIGEST = Digest.of(b"a spec")


class Colour(Enum):
    RED = "red"


class Row(msgspec.Struct, frozen=True):
    name: str
    count: int
    digest: Digest | None = None
    active: bool = True
    warnings: tuple[str, ...] = ()


def printed(answer: Answer, format: OutputFormat) -> str:
    out = io.StringIO()
    render(answer, format, out)
    return out.getvalue()


def rows_answer(*rows: Row) -> Answer:
    columns = (Column("NAME", lambda row: row.name), Column("DIGEST", lambda row: row.digest))
    return Answer(document={"rows": rows}, rows=rows, sections=[Table(columns, rows)])


def test_times_are_rfc_3339_in_utc_with_microseconds() -> None:
    assert plain(datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)) == "2026-01-02T03:04:05.000006Z"
    assert plain(datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1)))) == "2026-01-02T02:04:05.000000Z"


def test_digests_addresses_enums_and_paths_are_texts() -> None:
    assert plain(DIGEST) == f"blake3:{DIGEST.hex}"
    assert plain(TaskId("p", "d", "n", "v")) == "p/d/n@v"
    assert plain([Colour.RED, Path("/a")]) == ["red", "/a"]


def test_a_row_is_an_object_of_all_its_fields_in_their_order() -> None:
    assert list(plain(Row("a", 1)).items()) == [
        ("name", "a"), ("count", 1), ("digest", None), ("active", True), ("warnings", []),
    ]  # fmt: skip


def test_a_part_of_a_manifest_keeps_its_own_spelling_and_leaves_out_defaults() -> None:
    assert plain(Cron("@daily")) == {"expression": "@daily"}


def test_an_error_is_described_with_the_facts_that_it_carries() -> None:
    told = describe(VersionConflictError("p/d/n@v", DIGEST, Digest.of(b"another")))
    assert told["code"] == "version_conflict"
    assert told["recorded"] == str(DIGEST)
    assert told["hint"]


def test_a_manifest_error_is_described_with_every_problem() -> None:
    told = describe(ManifestError("a.yaml", (Problem("one", line=1, column=2), Problem("two", path="spec"))))
    assert [problem["message"] for problem in told["problems"]] == ["one", "two"]
    assert told["source"] == "a.yaml"


def test_json_is_the_document() -> None:
    assert json.loads(printed(rows_answer(Row("a", 1)), OutputFormat.JSON)) == {
        "rows": [{"name": "a", "count": 1, "digest": None, "active": True, "warnings": []}]
    }


def test_yaml_is_the_same_document() -> None:
    answer = rows_answer(Row("no", 1, DIGEST), Row("1.10", 2))
    assert ryaml.loads(printed(answer, OutputFormat.YAML)) == json.loads(printed(answer, OutputFormat.JSON))


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_every_text_survives_yaml(value: Any) -> None:
    assert ryaml.loads(encode_yaml({"value": value})) == {"value": value}


def test_csv_is_a_line_a_row_and_nested_values_are_json() -> None:
    text = printed(rows_answer(Row('say "a,b"', 1, DIGEST, warnings=("w",)), Row("b", 2)), OutputFormat.CSV)
    assert list(csv.reader(io.StringIO(text))) == [
        ["name", "count", "digest", "active", "warnings"],
        ['say "a,b"', "1", str(DIGEST), "true", '["w"]'],
        ["b", "2", "", "true", "[]"],
    ]


def test_a_piped_table_has_whole_values_and_no_lines_drawn() -> None:
    text = printed(rows_answer(Row("n" * 300, 1, DIGEST), Row("b", 2)), OutputFormat.TABLE)
    lines = text.splitlines()
    assert lines[0].split() == ["NAME", "DIGEST"]
    assert lines[1].split() == ["n" * 300, str(DIGEST)]
    assert lines[2].split() == ["b", "-"]
    assert text.isascii()


def test_control_characters_never_reach_the_terminal() -> None:
    fields, block = Fields({"name": "\x1b[31mred"}), Block("Spec", "a: \x1b[0m\nb: 1\n")
    for section in (Table([Column("N", lambda row: row.name)], [Row("\x1b]0;title\x07\r\nx", 1)]), fields, block):
        text = printed(Answer(document={}, rows=(), sections=[section]), OutputFormat.TABLE)
        assert all(c.isprintable() or c == "\n" for c in text)


def test_sections_are_apart_and_empty_tables_left_out() -> None:
    sections = [Fields({"a": 1}), Table([Column("N", str)], []), Block("Spec", "x: 1\n")]
    text = printed(Answer(document={}, rows=(), sections=sections), OutputFormat.TABLE)
    assert text == "a:  1\n\nSpec:\nx: 1\n"
