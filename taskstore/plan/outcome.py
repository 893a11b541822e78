"""What can become of a document."""

from __future__ import annotations

from enum import Enum


class Outcome(Enum):
    """What became of one document of a manifest."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
