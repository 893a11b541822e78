"""Writes `taskstore_specs/schemas/*.json`: JSON Schemas of what a manifest may say, generated from the models.

Run it after a change of the models: `python specs/generate_schemas.py`. Both spellings of a field are in the schemas.
They say less than the reader: what it checks across fields (automation types, trigger names) is not in them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec

from taskstore_specs.models import CreateProject, DeployTask, TaskSpec, Trigger

FOLDER = Path(__file__).parent / "taskstore_specs" / "schemas"
SCHEMAS: dict[str, tuple[type[msgspec.Struct], ...]] = {
    "manifest.json": (DeployTask, CreateProject),
    "task-spec.json": (TaskSpec,),
    "trigger.json": (Trigger,),
}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_UNSPECIFIED = "_UNSPECIFIED"

Schema = dict[str, Any]


def render(name: str) -> str:
    """The content that the schema file `name` should have."""
    roots, components = msgspec.json.schema_components(SCHEMAS[name], ref_template="#/$defs/{name}")
    definitions = {title: _complete(components[title]) for title in sorted(components)}
    root = roots[0] if len(roots) == 1 else {"oneOf": list(roots)}
    schema = {"$schema": _DIALECT, "$id": f"taskstore:{name}", **root, "$defs": definitions}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _complete(schema: Schema) -> Schema:
    """An enumeration without its zero value; a message with both spellings of its fields."""
    if "enum" in schema:
        return {**schema, "enum": [value for value in schema["enum"] if not value.endswith(_UNSPECIFIED)]}
    properties: Schema = {}
    demands: list[Schema] = []
    for camel, given in schema["properties"].items():
        wanted = camel in schema["required"] or _refuses_its_default(given)
        described = {key: value for key, value in given.items() if key != "default"} if wanted else given
        snake = re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", camel)
        properties |= dict.fromkeys((camel, snake), described)
        demands += _demands(camel, snake, wanted=wanted)
    completed = {**schema, "properties": properties, "required": []}
    return completed | ({"allOf": demands} if demands else {})


def _refuses_its_default(schema: Schema) -> bool:
    """A scalar always has a default in proto3; where a rule refuses it, the field has to be given."""
    default = schema.get("default")
    if isinstance(default, str):
        return default.endswith(_UNSPECIFIED) or len(default) < schema.get("minLength", 0)
    return isinstance(default, int) and default < schema.get("minimum", default)


def _demands(camel: str, snake: str, *, wanted: bool) -> list[Schema]:
    if camel == snake:
        return [{"required": [camel]}] if wanted else []
    if wanted:
        return [{"oneOf": [{"required": [camel]}, {"required": [snake]}]}]
    return [{"not": {"required": [camel, snake]}}]


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in SCHEMAS:
        (FOLDER / name).write_text(render(name), encoding="utf-8")
