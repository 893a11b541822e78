"""Every place where a document does not fit its model; msgspec itself stops at the first."""

from __future__ import annotations

import types
from collections.abc import Iterable
from enum import Enum
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from taskstore_specs import limits
from taskstore_specs.errors import Rule
from taskstore_specs.findings import Finding, Path, shown
from taskstore_specs.models import AwareTime
from taskstore_specs.reading.marks import QUOTE_IT, nearest_name

_NAMES = {str: "text", int: "a whole number", bool: "true or false", dict: "an object", list: "a list", tuple: "a list"}
_MISFIT = object()


def fitted(document: dict[str, Any], model: type[msgspec.Struct]) -> tuple[dict[str, Any], list[Finding]]:
    """What of `document` fits `model`, which is enough to make one, and what does not.

    A required field or an element of a list that is absent or does not fit becomes an empty object: in the models of
    manifests only messages are required or stand in lists, and every field of theirs has a default.
    """
    findings: list[Finding] = []
    return _struct(document, model, (), findings), findings


def _struct(given: dict[str, Any], model: type[msgspec.Struct], path: Path, findings: list[Finding]) -> dict[str, Any]:
    fields = _fields(model)
    good: dict[str, Any] = {}
    for key, value in given.items():
        if key not in fields:
            if len(findings) < limits.PROBLEMS_PER_MANIFEST:
                findings.append(_unknown(key, path, fields))
            continue
        fit = _value(value, fields[key].type, (*path, key), findings)
        if fit is not _MISFIT:
            good[key] = fit
    for name, field in fields.items():
        if field.required and name not in good:
            if name not in given:
                findings.append(Finding(Rule.MISSING_FIELD, (*path, name), f"the field {name} is missing", "add it"))
            good[name] = {}
    return good


@cache
def _fields(model: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(model)}


def _unknown(key: str, path: Path, known: Iterable[str]) -> Finding:
    where = f" in {path[-1]}" if path and isinstance(path[-1], str) else ""
    message = f"there is no field {shown(key)}{where}"
    return Finding(Rule.UNKNOWN_FIELD, (*path, key), message, nearest_name(key, known))


def _value(value: Any, kind: Any, path: Path, findings: list[Finding]) -> Any:
    kind = _plain(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(value, dict):
        return _struct(value, kind, path, findings)
    if get_origin(kind) in (list, tuple) and isinstance(value, list):
        item = get_args(kind)[0]
        fits = [_value(element, item, (*path, index), findings) for index, element in enumerate(value)]
        return [{} if fit is _MISFIT else fit for fit in fits]
    if get_origin(kind) is dict and isinstance(value, dict):
        inner = get_args(kind)[1]
        entries = {key: _value(item, inner, (*path, key), findings) for key, item in value.items()}
        return {key: fit for key, fit in entries.items() if fit is not _MISFIT}
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        findings.append(_misfit(value, kind, path))
        return _MISFIT
    return value


def _plain(kind: Any) -> Any:
    """`kind` without "or null", and without what only the JSON Schemas note; a time keeps that it is aware."""
    if get_origin(kind) in (Union, types.UnionType):
        return _plain(next(option for option in get_args(kind) if option is not types.NoneType))
    if get_origin(kind) is Annotated and kind is not AwareTime:
        return get_args(kind)[0]
    return kind


def _misfit(value: Any, kind: Any, path: Path) -> Finding:
    plain = get_origin(kind) or kind
    if isinstance(plain, type) and issubclass(plain, Enum) and isinstance(value, str):
        names = [member.value for member in plain if not member.value.endswith("_UNSPECIFIED")]
        return Finding(Rule.BAD_VALUE, path, f"{shown(value)} is none of the known values", nearest_name(value, names))
    if kind is AwareTime:
        message = f"{shown(value)} is no time with an offset from UTC"
        return Finding(Rule.BAD_VALUE, path, message, "write RFC 3339, as in 2026-01-31T08:00:00Z")
    expected = _NAMES.get(plain, "an object") if isinstance(plain, type) else "another value"
    hint = QUOTE_IT if plain is str and not isinstance(value, dict | list) else ""
    return Finding(Rule.WRONG_TYPE, path, f"expected {expected}, got {shown(value)}", hint)
