"""What a store would take of a bundle, and whether anything stands in the way. Nothing is written."""

from __future__ import annotations

import msgspec
from duckdb import DuckDBPyConnection

from taskstore.bundle.progress import Progress
from taskstore.bundle.reader import Bundle
from taskstore.bundle.survey import check_connects, known_of, survey
from taskstore.bundle.verify import verify
from taskstore.errors import BundleConflictError
from taskstore.index import applied
from taskstore.plan.policy import VersionPolicy
from taskstore.plan.survey import OnConflict, TakePlan
from taskstore.store.store import Store

_SHOWN = 3


class Examined(msgspec.Struct, frozen=True):
    """What a store would take of a bundle whose store it follows up to entry `followed`, as of its own entry `head`."""

    plan: TakePlan
    followed: int
    head: int

    def require_no_conflict(self) -> None:
        """Raises BundleConflictError where something stands in the way."""
        refused = self.plan.refused
        if not refused:
            return
        named = ", ".join(conflict.name for conflict in refused[:_SHOWN]) + (" …" if len(refused) > _SHOWN else "")
        theirs = "" if any(conflict.lasting for conflict in refused) else ", `--on-conflict theirs` takes what comes"
        raise BundleConflictError(
            f"the bundle contradicts this store about {named}",
            refused,
            hint=f"`--on-conflict ours` keeps what is here{theirs}",
        )


def examine(store: Store, bundle: Bundle, on_conflict: OnConflict, progress: Progress) -> Examined:
    """Verify all of `bundle`, and see what `store` would take of it.

    Raises BundleDamagedError, BundleGapError, BundleHistoryError, InvalidInputError for the store's own bundle.
    """
    verify(bundle, progress)
    return store.index.ask(lambda connection: compare(connection, store, bundle, on_conflict))


def compare(connection: DuckDBPyConnection, store: Store, bundle: Bundle, on_conflict: OnConflict) -> Examined:
    """As `examine`, of a bundle that was verified, by a connection to the store's index."""
    config = bundle.config
    known = known_of(connection, config.store_id, config.selection.scope)
    check_connects(bundle, store.config.store_id, known)
    followed = known.sequence if known else 0
    if followed >= config.until.sequence and known:
        return Examined(TakePlan(), followed, applied(connection))
    immutable = store.config.policies.versions is VersionPolicy.IMMUTABLE
    plan = survey(connection, bundle, on_conflict, followed, immutable=immutable)
    return Examined(plan, followed, applied(connection))
