"""Every limit on a manifest, at the limit and one past it; and texts that would make a careless reader grow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taskstore_specs import Format, ManifestError, Problem, Rule, limits, read_manifest, read_spec

IDENTITY = {"project": "p", "domain": "d", "name": "n", "version": "v"}
HEAD = "task_id: {project: p, domain: d, name: n, version: v}\n"


def _document(custom: Any = None, **more: Any) -> dict[str, Any]:
    return {"taskId": IDENTITY, "spec": {"taskTemplate": {"custom": custom}}, **more}


def _read(document: Any, format: Format = Format.JSON) -> int:
    text = document if isinstance(document, str) else json.dumps(document)
    return len(read_manifest("test", text.encode(), format))


def _refused(document: Any, format: Format = Format.JSON) -> Problem:
    with pytest.raises(ManifestError) as caught:
        _read(document, format)
    return caught.value.problems[0]


def _nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_bytes_of_a_manifest() -> None:
    spaces = limits.MANIFEST_BYTES - len(json.dumps(_document()))
    assert _read(json.dumps(_document()) + " " * spaces) == 1
    assert _refused(json.dumps(_document()) + " " * (spaces + 1)).rule is Rule.LIMIT


@pytest.mark.parametrize("format", [Format.JSON, Format.YAML])
def test_documents_of_a_manifest(format: Format) -> None:
    one = '{"project": {"id": "p"}}'
    several = [one] * limits.DOCUMENTS_PER_MANIFEST
    separator = "\n---\n" if format is Format.YAML else "\n"
    assert _read(separator.join(several), format) == limits.DOCUMENTS_PER_MANIFEST
    assert _refused(separator.join([*several, one]), format).rule is Rule.LIMIT
    assert _refused(f"[{','.join([*several, one])}]", format).rule is Rule.LIMIT


@pytest.mark.parametrize("format", [Format.JSON, Format.YAML])
def test_nesting(format: Format) -> None:
    outside = 3  # the document, spec, taskTemplate
    assert _read(json.dumps(_document(_nested(limits.NESTING - outside))), format) == 1
    assert _refused(json.dumps(_document(_nested(limits.NESTING - outside + 1))), format).rule is Rule.LIMIT


@pytest.mark.parametrize("format", list(Format))
@pytest.mark.parametrize(
    "opening", ["[", '{"a": ', "- ", "? ", "{a: ", "[[", "a = [", "a = {a = ", "a.", "[a.", '"a" . ']
)
def test_nesting_far_beyond_the_limit_is_refused(format: Format, opening: str) -> None:
    assert _refused(opening * 100_000, format).message


def test_triggers_of_a_task() -> None:
    triggers = [{"name": f"t{number}"} for number in range(limits.TRIGGERS_PER_TASK)]
    assert _read(_document(triggers=triggers)) == 1
    assert _refused(_document(triggers=[*triggers, {"name": "more"}])).rule is Rule.LIMIT


def test_integers() -> None:
    assert _read(_document([limits.INTEGER, -limits.INTEGER])) == 1
    assert _refused(_document([limits.INTEGER + 1])).path == "spec.taskTemplate.custom[0]"
    assert _refused(_document([-limits.INTEGER - 1])).rule is Rule.BAD_NUMBER
    assert _refused('{"taskId": ' + "9" * 5000 + "}").rule is Rule.BAD_NUMBER


def test_problems_of_a_manifest() -> None:
    document = _document()
    document["spec"] |= {f"unknown{number}": 1 for number in range(limits.PROBLEMS_PER_MANIFEST * 3)}
    with pytest.raises(ManifestError) as caught:
        _read([document, document])
    assert len(caught.value.problems) == limits.PROBLEMS_PER_MANIFEST


def test_nodes_that_aliases_expand_to() -> None:
    def repeated(times: int) -> str:
        items = ", ".join(["x"] * 99)
        return f"{HEAD}spec: {{task_template: {{custom: [&a [{items}], {', '.join(['*a'] * times)}]}}}}"

    most = limits.ALIAS_EXPANSION_NODES // 100
    assert _read(repeated(most), Format.YAML) == 1
    assert _refused(repeated(most + 1), Format.YAML).rule is Rule.LIMIT


def test_characters_that_aliases_expand_to() -> None:
    text = "x" * 100_000
    aliases = ", ".join(["*a"] * (limits.MANIFEST_BYTES // len(text) + 1))
    document = f"{HEAD}spec: {{task_template: {{custom: [&a {text}, {aliases}]}}}}"
    assert _refused(document, Format.YAML).rule is Rule.LIMIT


@pytest.mark.parametrize("text", ["a: &a [*a]", "&a {a: *a}", "a: &a\n  b: &b [*a, *b]"])
def test_an_alias_of_itself_is_refused(text: str) -> None:
    assert _refused(text, Format.YAML).rule is Rule.SYNTAX


@pytest.mark.parametrize("table", ["{0}k = 1", "[{0}k]\n{0}k = {{{0}k = {{{0}k = 1}}}}"])
def test_nesting_of_toml_keys(table: str) -> None:
    assert _refused(table.format("a." * 99), Format.TOML).rule in (Rule.LIMIT, Rule.UNKNOWN_FIELD)
    assert _refused(table.format("a." * 101), Format.TOML).rule is Rule.LIMIT


@pytest.mark.parametrize(
    "data", ['{"a": 1, "a": 2}]]]}}', '{"a": 1, "a": 2, 5: {', '{"a": 1, "a": 2} "', '[{"a":1,"a":2}']
)
def test_duplicate_keys_in_a_text_that_ends_as_no_json(data: str) -> None:
    assert _refused(data).rule in (Rule.DUPLICATE_KEY, Rule.SYNTAX)


def test_a_key_is_cut_in_messages() -> None:
    problem = _refused({**_document(), "k" * 10_000: 1})
    assert len(problem.message) < 200
    assert len(problem.path) < 200


def test_one_specification_is_read_at_a_time() -> None:
    assert read_spec("test", b'{"shortName": "a"}', Format.JSON).short_name == "a"
    with pytest.raises(ManifestError) as caught:
        read_spec("test", b"[{}, {}]", Format.JSON)
    assert caught.value.problems[0].rule is Rule.LIMIT
