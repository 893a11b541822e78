"""The contract of taskstore's manifests: models, reading, the canonical form, digests. Pure: no disk, no clock.

The readers are loaded when they are first used, since most programs that know a digest never read a manifest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from taskstore_specs.canonical import decode_spec, encode_canonical, encode_spec
from taskstore_specs.digest import Digest
from taskstore_specs.errors import (
    InvalidDigestError,
    InvalidIdentityError,
    InvalidInputError,
    LimitExceededError,
    ManifestError,
    Problem,
    Rule,
    TaskstoreError,
)
from taskstore_specs.fingerprints import fingerprint
from taskstore_specs.formats import Format
from taskstore_specs.identity import TaskId, TaskName
from taskstore_specs.models import CreateProject, DeployTask, Project, Request, TaskSpec, Trigger

if TYPE_CHECKING:
    from taskstore_specs.reading import read_manifest, read_spec, read_trigger

__all__ = [
    "CreateProject",
    "DeployTask",
    "Digest",
    "Format",
    "InvalidDigestError",
    "InvalidIdentityError",
    "InvalidInputError",
    "LimitExceededError",
    "ManifestError",
    "Problem",
    "Project",
    "Request",
    "Rule",
    "TaskId",
    "TaskName",
    "TaskSpec",
    "TaskstoreError",
    "Trigger",
    "decode_spec",
    "encode_canonical",
    "encode_spec",
    "fingerprint",
    "read_manifest",
    "read_spec",
    "read_trigger",
]

_READERS = ("read_manifest", "read_spec", "read_trigger")


def __getattr__(name: str) -> Any:
    if name not in _READERS:
        raise AttributeError(f"module 'taskstore_specs' has no attribute {name!r}")
    return getattr(import_module("taskstore_specs.reading"), name)
