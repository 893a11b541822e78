"""However a request is written down, it reads as the same request; and nothing that is read ever crashes the reader."""

from __future__ import annotations

import json
import re
from typing import Any

import ryaml
from hypothesis import given
from hypothesis import strategies as st

from taskstore_specs import (
    DeployTask,
    Format,
    ManifestError,
    decode_spec,
    encode_spec,
    fingerprint,
    read_manifest,
    read_spec,
)
from taskstore_specs.limits import INTEGER

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
floats = st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: not value.is_integer())
scalars = st.booleans() | st.integers(-INTEGER, INTEGER) | floats | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)
words = st.from_regex(r"[a-z][a-z0-9.-]{0,20}", fullmatch=True)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """A deploy request in proto spelling, of what JSON, YAML and TOML can all express."""
    variable = {
        "var": {"type": {"simple": "FLOAT"}},
        "default": {"scalar": {"primitive": {"float_value": draw(floats)}}},
    }
    return {
        "task_id": {name: draw(words) for name in ("project", "domain", "name", "version")},
        "spec": {
            "task_template": {
                "task_type_version": draw(st.integers(0, 9)),
                "custom": draw(st.dictionaries(texts, values, max_size=5)),
                "k8s_pod": {
                    "pod_spec": draw(st.dictionaries(texts, values, max_size=3)),
                    "primary_container_name": "a",
                },
                "config": draw(st.dictionaries(texts, texts, max_size=3)),
            },
            "default_inputs": [{"name": draw(texts), "parameter": variable}],
            "short_name": draw(texts),
            "documentation": {"short_description": draw(texts), "source_code": {"link": draw(texts)}},
        },
        "triggers": [
            {
                "name": draw(words),
                "spec": {"active": draw(st.booleans()), "run_spec": {"overwrite_cache": draw(st.booleans())}},
                "automation_spec": {"schedule": {"cron": {"expression": "@daily"}, "kickoff_time_input_arg": "at"}},
            }
        ],
    }


_USERS = ("custom", "pod_spec", "config")


def in_camel_case(value: Any) -> Any:
    if isinstance(value, list):
        return [in_camel_case(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), key): item if key in _USERS else in_camel_case(item)
        for key, item in value.items()
    }


def in_other_order(value: Any, draw: Any) -> Any:
    if isinstance(value, list):
        return [in_other_order(item, draw) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: in_other_order(value[key], draw) for key in draw(st.permutations(list(value)))}


def in_toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{in_toml(key)} = {in_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(in_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def read(data: str, format: Format) -> DeployTask:
    (request,) = read_manifest("test", data.encode(), format)
    assert isinstance(request, DeployTask)
    return request


def as_json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)


@given(requests())
def test_spelling_changes_nothing(document: dict[str, Any]) -> None:
    assert read(as_json(document), Format.JSON) == read(as_json(in_camel_case(document)), Format.JSON)


@given(requests(), st.data())
def test_key_order_changes_no_byte_of_the_canonical_form(document: dict[str, Any], data: st.DataObject) -> None:
    shuffled = in_other_order(document, data.draw)
    assert encode_spec(read(as_json(shuffled), Format.JSON).spec) == encode_spec(
        read(as_json(document), Format.JSON).spec
    )


@given(requests())
def test_the_file_format_changes_nothing(document: dict[str, Any]) -> None:
    by_json = read(as_json(document), Format.JSON)
    assert read(ryaml.dumps(document), Format.YAML) == by_json
    toml = "\n".join(f"{key} = {in_toml(value)}" for key, value in document.items())
    assert read(toml, Format.TOML) == by_json


@given(requests())
def test_the_canonical_form_is_a_fixed_point(document: dict[str, Any]) -> None:
    spec = read(as_json(document), Format.JSON).spec
    canonical = encode_spec(spec)
    assert decode_spec(canonical) == spec
    assert encode_spec(read_spec("test", canonical, Format.JSON)) == canonical


@given(requests(), words)
def test_the_fingerprint_ignores_the_version(document: dict[str, Any], other: str) -> None:
    def stamped(version: str) -> DeployTask:
        document["task_id"]["version"] = version
        document["spec"]["task_template"]["id"] = {"version": version}
        document["spec"]["task_template"]["container"] = {"args": ["--version", version]}
        return read(as_json(document), Format.JSON)

    first, second = f"first-{other}", f"second-{other}"
    assert fingerprint(stamped(first).spec, first) == fingerprint(stamped(second).spec, second)


_PIECES = [
    *("{", "}", "[", "]", ":", ": ", ", ", "- ", "? ", "\n", "\n  ", "# ", "---\n", "...\n", "%YAML 1.2\n", "\t", "="),
    *(
        '"',
        "'",
        "|",
        ">",
        "!",
        "!!str ",
        "!<",
        "&a ",
        "*a",
        "<<: ",
        "~",
        "null",
        "true",
        "1.10",
        "1e999",
        "0b1",
        "-0x1",
    ),
    *(
        "task_id",
        "taskId",
        "spec",
        "triggers",
        "project",
        "id",
        "name",
        "task_template",
        "custom",
        "[[manifests]]",
        "x",
    ),
    *("\\ud800", "\\u0000", "\ufeff", "\u2028", "\x00", "9" * 30, "NaN", "1979-05-27T07:32:00", "\r"),
]
hostile = st.binary(max_size=60) | st.lists(st.sampled_from(_PIECES), max_size=40).map(
    lambda all: "".join(all).encode()
)


@given(hostile, st.sampled_from(Format))
def test_any_bytes_are_read_or_refused_with_problems(data: bytes, format: Format) -> None:
    try:
        read_manifest("test", data, format)
    except ManifestError as error:
        assert error.problems
        assert all(problem.message for problem in error.problems)


def somewhere_else(value: Any, draw: Any, strange: Any) -> Any:
    """`value` with one thing inside it, or itself, replaced by something strange."""
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 3)) == 0:
        return draw(strange)
    if isinstance(value, list):
        position = draw(st.integers(0, len(value) - 1))
        return [somewhere_else(x, draw, strange) if at == position else x for at, x in enumerate(value)]
    key = draw(st.sampled_from(sorted(value)))
    return {name: somewhere_else(x, draw, strange) if name == key else x for name, x in value.items()}


full_trigger = {
    "name": "t",
    "spec": {"active": True, "inputs": {}, "runSpec": {}, "description": "d"},
    "automationSpec": {
        "type": "TYPE_SCHEDULE",
        "schedule": {
            "rate": {"value": 1, "unit": "FIXED_RATE_UNIT_DAY", "startTime": "2026-01-01T00:00:00Z"},
            "cron": {"expression": "@daily", "timezone": "UTC"},
            "kickoffTimeInputArg": "at",
        },
        "artifact": {"artifactName": "a", "version": "v", "partitions": {"k": "v"}, "partitionInputArgs": {"k": "v"}},
    },
}
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.sampled_from(["0001-01-01T00:00:00+09:00"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)


@given(requests(), st.data())
def test_a_strange_value_anywhere_is_read_or_refused_with_problems(
    document: dict[str, Any], data: st.DataObject
) -> None:
    strange = somewhere_else({**document, "triggers": [full_trigger]}, data.draw, any_json)
    try:
        read_manifest("test", json.dumps(strange).encode(), Format.JSON)
    except ManifestError as error:
        assert error.problems
        assert error.location


@given(requests(), st.data())
def test_a_damaged_manifest_is_read_or_refused_with_problems(document: dict[str, Any], data: st.DataObject) -> None:
    format, text = data.draw(st.sampled_from([(Format.JSON, as_json(document)), (Format.YAML, ryaml.dumps(document))]))
    position = data.draw(st.integers(0, len(text)))
    damaged = text[:position] + data.draw(st.sampled_from(_PIECES)) + text[position + data.draw(st.integers(0, 9)) :]
    try:
        read_manifest("test", damaged.encode(), format)
    except ManifestError as error:
        assert error.problems
