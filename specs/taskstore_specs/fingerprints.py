"""The fingerprint: what a specification is, whatever version it is deployed as.

A Flyte program stamps its version into `taskTemplate.id` and into the arguments, so each version of unchanged code has
another digest. Equal fingerprints mean that only the version changed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from taskstore_specs.canonical import encode_canonical
from taskstore_specs.digest import Digest
from taskstore_specs.models import TaskSpec


def fingerprint(spec: TaskSpec, version: str) -> Digest:
    """The digest of the canonical form of `spec` without `taskTemplate.id`, null in place of every string value that
    equals `version` (keys stay).
    """
    plain = msgspec.to_builtins(spec)
    plain.get("taskTemplate", {}).pop("id", None)
    return Digest.of(encode_canonical(_without(version, plain)))


def _without(version: str, value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return None if value == version else value
    if kind is dict:
        return {key: _without(version, item) for key, item in value.items()}
    if kind is list:
        return [_without(version, item) for item in value]
    return value
