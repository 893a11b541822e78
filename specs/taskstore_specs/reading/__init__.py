"""Reading manifests: bytes in, checked requests out, or one error that names everything that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from taskstore_specs import limits
from taskstore_specs.errors import ManifestError, Problem, Rule
from taskstore_specs.findings import Finding, Path
from taskstore_specs.formats import Format
from taskstore_specs.models import Request, TaskSpec, Trigger
from taskstore_specs.reading import json_text, toml_text, yaml_text
from taskstore_specs.reading.marks import in_order, places, problem
from taskstore_specs.reading.requests import request_of, spec_of, trigger_of
from taskstore_specs.reading.text import NotReadableError, Parsed, decoded

__all__ = ["Format", "read_manifest", "read_spec", "read_trigger"]

_PARSERS: dict[Format, Callable[[str], Parsed]] = {
    Format.JSON: json_text.parse,
    Format.YAML: yaml_text.parse,
    Format.TOML: toml_text.parse,
}
_Value = TypeVar("_Value")


def read_manifest(source: str, data: bytes, format: Format) -> tuple[Request, ...]:
    """The requests in the manifest `data`, in its order; `source` names it in errors.

    Raises ManifestError with every problem found.
    """
    return _read(source, data, format, request_of, limits.DOCUMENTS_PER_MANIFEST)


def read_spec(source: str, data: bytes, format: Format) -> TaskSpec:
    """The one specification in `data`, a bare `TaskSpec`; `source` names it in errors.

    Raises ManifestError with every problem found.
    """
    return _read(source, data, format, spec_of, 1)[0]


def read_trigger(source: str, data: bytes, format: Format) -> Trigger:
    """The one trigger in `data`, a bare `TaskTrigger`; `source` names it in errors.

    Raises ManifestError with every problem found.
    """
    return _read(source, data, format, trigger_of, 1)[0]


def _read(
    source: str,
    data: bytes,
    format: Format,
    build: Callable[[Any], tuple[_Value | None, list[Finding]]],
    most: int,
) -> tuple[_Value, ...]:
    try:
        parsed = _PARSERS[format](decoded(data))
    except NotReadableError as error:
        raise ManifestError(source, in_order(error.problems)[: limits.PROBLEMS_PER_MANIFEST]) from error
    documents = _documents(parsed.values)
    if not documents:
        raise ManifestError(source, (_empty(data),))
    if len(documents) > most:
        hint = f"at most {most} are read; split the file"
        raise ManifestError(source, (Problem("the file has too many documents", hint=hint, rule=Rule.LIMIT),))
    values: list[_Value] = []
    findings: list[Finding] = []
    for path, document in documents:
        value, found = build(document)
        findings += [finding._replace(path=path + finding.path) for finding in found]
        if value is not None:
            values.append(value)
        if len(findings) >= limits.PROBLEMS_PER_MANIFEST:
            break
    if findings:
        shown = findings[: limits.PROBLEMS_PER_MANIFEST]
        marks = parsed.locate(places(shown))
        problems = (problem(finding, marks, several=len(documents) > 1) for finding in shown)
        raise ManifestError(source, in_order(problems))
    return tuple(values)


def _documents(values: list[Any]) -> list[tuple[Path, Any]]:
    """The documents of a file, a list at its top being one document each, with the beginning of their paths."""
    if len(values) == 1 and isinstance(values[0], list):
        return [((0, number), document) for number, document in enumerate(values[0])]
    return [((number,), document) for number, document in enumerate(values)]


def _empty(data: bytes) -> Problem:
    message = "the file holds no document" if data.strip() else "the file is empty"
    return Problem(message, hint="write a deploy request or a project; see specs/manifest.md", rule=Rule.EMPTY)
