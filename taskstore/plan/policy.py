"""What a store allows."""

from __future__ import annotations

from enum import Enum

import msgspec


class VersionPolicy(Enum):
    """May a version's content be replaced? As in Flyte (`mutable`), or never (`immutable`)."""

    MUTABLE = "mutable"
    IMMUTABLE = "immutable"


class ProjectPolicy(Enum):
    """Must a project be declared before tasks are deployed to it, or does the first deploy declare it?"""

    DECLARED = "declared"
    AUTO = "auto"


class SignaturePolicy(Enum):
    """Does the store take only what somebody signed whom its `allowed_signers` names?"""

    OPTIONAL = "optional"
    REQUIRED = "required"


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a store allows; recorded in `taskstore.json` when it is made."""

    versions: VersionPolicy = VersionPolicy.MUTABLE
    projects: ProjectPolicy = ProjectPolicy.DECLARED
    signatures: SignaturePolicy = SignaturePolicy.OPTIONAL
