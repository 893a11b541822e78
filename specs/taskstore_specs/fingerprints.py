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
    _leave_out(version, plain)
    return Digest.of(encode_canonical(plain))


def _leave_out(version: str, within: Any) -> None:
    """Put null in place of every text within that equals `version`."""
    items = within.items() if type(within) is dict else enumerate(within)
    for key, item in items:
        kind = type(item)
        if kind is str:
            if item == version:
                within[key] = None
        elif kind is dict or kind is list:
            _leave_out(version, item)
