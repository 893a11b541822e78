"""The contract of taskstore's manifests: models, reading, the canonical form, digests. Pure: no disk, no clock."""

from __future__ import annotations

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
from taskstore_specs.fingerprint import fingerprint
from taskstore_specs.identity import TaskId, TaskName
from taskstore_specs.models import CreateProject, DeployTask, Project, Request, TaskSpec, Trigger
from taskstore_specs.reading import Format, read_manifest, read_spec, read_trigger

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
