"""What is generated is what its generator writes today."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).parents[2] / "specs"
PACKAGE = ROOT / "taskstore_specs"


def _script(name: str) -> ModuleType:
    location = importlib.util.spec_from_file_location(name, ROOT / f"{name}.py")
    assert location is not None and location.loader is not None
    module = importlib.util.module_from_spec(location)
    location.loader.exec_module(module)
    return module


SCHEMAS = _script("generate_schemas")


def _validator(name: str) -> Any:
    schema = json.loads((PACKAGE / "schemas" / name).read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_every_field_of_flyteidl2_is_in_the_table() -> None:
    """The table may know more: it was generated from the newest flyteidl2, and an older one may be installed."""
    pytest.importorskip("flyteidl2", reason="optional: flyteidl2 is a development dependency")
    table = json.loads((PACKAGE / "fields.json").read_bytes())
    for message, fields in json.loads(_script("generate_fields").render()).items():
        assert table.get(message, {}).items() >= fields.items(), message


@pytest.mark.parametrize("name", SCHEMAS.SCHEMAS)
def test_the_schemas_are_those_of_the_models(name: str) -> None:
    assert (PACKAGE / "schemas" / name).read_text(encoding="utf-8") == SCHEMAS.render(name)


def test_real_requests_fit_the_schema_in_both_spellings(corpus: Path) -> None:
    validator = _validator("manifest.json")
    for spelling in ("camel", "snake"):
        for path in sorted((corpus / spelling).iterdir())[::8]:
            validator.validate(json.loads(path.read_bytes()))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"spec": {}},
        {"taskId": {"project": "p", "domain": "d", "name": "n"}, "spec": {}},
        {"taskId": {"project": "p", "domain": "d", "name": "n", "version": 1}, "spec": {}},
        {"taskId": {"project": "p", "domain": "d", "name": "n", "version": "v"}, "task_id": {}, "spec": {}},
        {"taskId": {"project": "p", "domain": "d", "name": "n", "version": "v"}, "spec": {"unknown": 1}},
        {"project": {"name": "no id"}},
        {"project": {"id": "p" * 64}},
    ],
)
def test_what_no_reader_takes_does_not_fit_the_schema(document: dict[str, Any]) -> None:
    assert not _validator("manifest.json").is_valid(document)


@pytest.mark.parametrize(
    "schedule",
    [{"rate": {"value": 0, "unit": "FIXED_RATE_UNIT_DAY"}}, {"rate": {"value": 1}}, {"cron": {"expression": ""}}],
)
def test_a_schedule_that_no_reader_takes_does_not_fit_the_schema(schedule: dict[str, Any]) -> None:
    trigger = {"name": "t", "automationSpec": {"schedule": schedule}}
    assert not _validator("trigger.json").is_valid(trigger)
