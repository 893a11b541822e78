"""The vectors of `taskstore_specs/vectors`, which any implementation of the manifest contract can run too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import rfc8785
from blake3 import blake3

import taskstore_specs
from taskstore_specs import (
    CreateProject,
    Format,
    ManifestError,
    Request,
    Rule,
    TaskId,
    decode_spec,
    encode_spec,
    fingerprint,
    read_manifest,
    read_spec,
)
from taskstore_specs.digest import Digest

VECTORS = Path(taskstore_specs.__file__).parent / "vectors"
EXPECTED = {kind: json.loads((VECTORS / kind / "expected.json").read_bytes()) for kind in ("valid", "invalid")}


def _files(kind: str) -> list[str]:
    return sorted(path.name for path in (VECTORS / kind).iterdir() if path.name != "expected.json")


def _read(kind: str, name: str) -> tuple[Request, ...]:
    return read_manifest(name, (VECTORS / kind / name).read_bytes(), Format.of_name(name))


def _described(request: Request) -> dict[str, Any]:
    if isinstance(request, CreateProject):
        return {"project": msgspec.to_builtins(request.project)}
    task_id = request.task_id
    canonical = encode_spec(request.spec)
    return {
        "task": str(TaskId(task_id.project, task_id.domain, task_id.name, task_id.version)),
        "canonical": canonical.decode(),
        "digest": str(Digest.of(canonical)),
        "fingerprint": str(fingerprint(request.spec, task_id.version)),
        "triggers": list(msgspec.to_builtins(request.triggers)),
    }


@pytest.mark.parametrize("kind", ["valid", "invalid"])
def test_every_vector_has_an_expectation(kind: str) -> None:
    assert _files(kind) == sorted(EXPECTED[kind])


@pytest.mark.parametrize("name", _files("valid"))
def test_a_valid_vector_reads_as_expected(name: str) -> None:
    assert [_described(request) for request in _read("valid", name)] == EXPECTED["valid"][name]


@pytest.mark.parametrize("name", _files("valid"))
def test_an_expected_digest_is_that_of_the_canonical_form_by_other_programs(name: str) -> None:
    for expected in EXPECTED["valid"][name]:
        if "canonical" in expected:
            canonical = expected["canonical"].encode()
            assert rfc8785.dumps(json.loads(canonical)) == canonical
            assert expected["digest"] == f"blake3:{blake3(canonical).hexdigest()}"


@pytest.mark.parametrize("name", _files("valid"))
def test_the_canonical_form_is_a_manifest_of_the_same_specification(name: str) -> None:
    for expected in EXPECTED["valid"][name]:
        if "canonical" in expected:
            canonical = expected["canonical"].encode()
            spec = read_spec(name, canonical, Format.JSON)
            assert spec == decode_spec(canonical)
            assert encode_spec(spec) == canonical


@pytest.mark.parametrize("name", _files("invalid"))
def test_an_invalid_vector_is_refused_where_and_as_expected(name: str) -> None:
    with pytest.raises(ManifestError) as caught:
        _read("invalid", name)
    problems = [
        {"rule": problem.rule.value, "path": problem.path, "line": problem.line, "column": problem.column}
        for problem in caught.value.problems
    ]
    assert problems == EXPECTED["invalid"][name]


@pytest.mark.parametrize("name", _files("invalid"))
def test_an_invalid_vector_is_named_by_a_rule_that_it_breaks(name: str) -> None:
    rule = name.partition(".")[0].partition("-")[0]
    assert rule in {problem["rule"] for problem in EXPECTED["invalid"][name]}


def test_every_rule_has_an_invalid_vector() -> None:
    broken = {problem["rule"] for problems in EXPECTED["invalid"].values() for problem in problems}
    assert broken == {rule.value for rule in Rule}


def test_spelling_and_format_do_not_change_a_digest() -> None:
    names = ("spelling-snake-case.yaml", "spelling-lower-camel-case.json", "spelling-toml.toml")
    assert len({EXPECTED["valid"][name][0]["digest"] for name in names}) == 1


def test_a_fingerprint_is_the_same_for_another_version_of_the_same_code() -> None:
    one, other = (EXPECTED["valid"][name][0] for name in ("spelling-snake-case.yaml", "fingerprint-other-version.json"))
    assert one["fingerprint"] == other["fingerprint"]
    assert one["digest"] != other["digest"]
