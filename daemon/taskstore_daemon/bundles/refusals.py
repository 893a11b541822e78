"""The refused bundles that are tried again by themselves, once what they were refused for may be mended. Pure."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from taskstore_daemon.bundles.wire import Retry
from taskstore_daemon.limits import BUNDLE_RETRY_SHARE
from taskstore_daemon.signatures import Signed


class Place(NamedTuple):
    """A bundle: the number of its inbox, and its path there."""

    inbox: int
    name: str


class Surroundings(msgspec.Struct, frozen=True):
    """What a refusal can depend on beside the bundle: its signature, whom the store trusts, the store's last entry."""

    signature: Signed
    keys: tuple[Signed, ...]
    head: int


class _Refusal(msgspec.Struct, frozen=True):
    retry: Retry
    met: Surroundings
    not_before: float


class Refusals:
    """Remembers what each bundle was refused in. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._refusals: dict[Place, _Refusal] = {}

    def add(self, place: Place, retry: Retry, met: Surroundings, now: float, took: float) -> None:
        """A bundle was refused, which `took` seconds to find out."""
        if retry is not Retry.CHANGE:
            self._refusals[place] = _Refusal(retry, met, now + took / BUNDLE_RETRY_SHARE)

    def drop(self, place: Place) -> None:
        """The bundle is dealt with, or gone."""
        self._refusals.pop(place, None)

    def of_inbox(self, inbox: int) -> list[Place]:
        """Those of one inbox."""
        return [place for place in self._refusals if place.inbox == inbox]

    def wanting_store(self) -> list[Place]:
        """Those that a change of the store may help."""
        return [place for place, refusal in self._refusals.items() if refusal.retry is Retry.STORE]

    def is_due(self, place: Place, now_met: Surroundings, now: float) -> bool:
        """Whether to try it again. One for which the whole bundle was read is not read at every change of the store."""
        refusal = self._refusals[place]
        if refusal.retry is Retry.SIGNATURE:
            return (now_met.signature, now_met.keys) != (refusal.met.signature, refusal.met.keys)
        return now_met.head != refusal.met.head and now >= refusal.not_before
