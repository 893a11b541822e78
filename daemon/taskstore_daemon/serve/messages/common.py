"""Parts of many messages."""

from __future__ import annotations

from datetime import datetime

from flyteidl2.common.identifier_pb2 import UserIdentifier
from flyteidl2.common.identity_pb2 import EnrichedIdentity, User
from google.protobuf.timestamp_pb2 import Timestamp


def to_timestamp(time: datetime) -> Timestamp:
    """An aware time."""
    timestamp = Timestamp()
    timestamp.FromDatetime(time)
    return timestamp


def to_identity(who: str) -> EnrichedIdentity:
    """Who did something, as the journal has it."""
    return EnrichedIdentity(user=User(id=UserIdentifier(subject=who)))
