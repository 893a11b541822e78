"""Real deploy requests, printed by Flyte's own SDK, read; both spellings of one give one digest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import rfc8785
from blake3 import blake3

from taskstore_specs import DeployTask, Format, encode_spec, fingerprint, read_manifest
from taskstore_specs.digest import Digest


def _request(path: Path) -> DeployTask:
    (request,) = read_manifest(str(path), path.read_bytes(), Format.of_name(path.name))
    assert isinstance(request, DeployTask)
    return request


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def test_both_spellings_read_as_one_request(corpus: Path) -> None:
    for path in sorted((corpus / "camel").iterdir()):
        assert _request(path) == _request(corpus / "snake" / path.name), path.name


def test_a_digest_is_that_of_the_canonical_form_by_the_rfc8785_package(corpus: Path) -> None:
    for path in sorted((corpus / "camel").iterdir()):
        by_others = rfc8785.dumps(_whole(json.loads(path.read_bytes())["spec"]))
        assert str(Digest.of(encode_spec(_request(path).spec))) == f"blake3:{blake3(by_others).hexdigest()}", path.name


def test_requests_with_offloaded_inputs_read(corpus: Path) -> None:
    for path in sorted((corpus / "offload").iterdir()):
        assert any(trigger.spec.offloaded_input_data for trigger in _request(path).triggers), path.name


def test_triggers_of_all_kinds_read_unchanged(corpus: Path) -> None:
    identity = {"project": "p", "domain": "d", "name": "n", "version": "v"}
    for path in sorted((corpus / "triggers").iterdir()):
        trigger = json.loads(path.read_bytes())
        document = {"taskId": identity, "spec": {}, "triggers": [trigger]}
        (request,) = read_manifest(path.name, json.dumps(document).encode(), Format.JSON)
        assert isinstance(request, DeployTask)
        assert msgspec.to_builtins(request.triggers[0]) == trigger, path.name


def test_a_fingerprint_stays_when_only_the_version_changes(corpus: Path) -> None:
    for path in sorted((corpus / "camel").iterdir())[::10]:
        text = path.read_text(encoding="utf-8")
        version = _request(path).task_id.version
        (later,) = read_manifest(path.name, text.replace(f'"{version}"', '"another"').encode(), Format.JSON)
        assert isinstance(later, DeployTask)
        assert fingerprint(later.spec, "another") == fingerprint(_request(path).spec, version), path.name
