"""From bytes that were read to verdicts: what the store knows already is left alone, the rest is deployed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from taskstore.errors import TaskstoreError
from taskstore.plan.deploy import Outcome
from taskstore.store.results import DeployResult
from taskstore.store.source import Source
from taskstore.store.store import Store
from taskstore_daemon import log
from taskstore_daemon.take import Taken
from taskstore_daemon.verdict import Verdict
from taskstore_specs import Format


class Arrival(msgspec.Struct, frozen=True):
    """A file that was read: what the journal calls it, and what it held."""

    key: str
    taken: Taken


def deploy(store: Store, arrivals: Sequence[Arrival], by: str | None, now: datetime) -> list[Verdict]:
    """Deploy what the journal does not know as deployed from these files; a verdict for each, in the order given.

    A file's content is known when it is what the file was last deployed with, whatever was deployed since by other
    ways. Raises BusyError, StorageError; then nothing is known of any of them.
    """
    known = store.sources({arrival.key for arrival in arrivals})
    new = [arrival for arrival in arrivals if known.get(arrival.key) != arrival.taken.digest]
    results: dict[str, list[DeployResult]] = {arrival.key: [] for arrival in arrivals}
    for result in _deploy_apart(store, new, by):
        results[result.path].append(result)
    return [_verdict(arrival, results[arrival.key], now) for arrival in arrivals]


def _deploy_apart(store: Store, arrivals: Sequence[Arrival], by: str | None) -> Sequence[DeployResult]:
    """Deploy together, or one by one should that meet a fault of ours, so that only the file that causes it suffers."""
    if not arrivals:
        return ()
    try:
        return store.deploy([_source(arrival) for arrival in arrivals], by=by, watched=True).results
    except TaskstoreError:
        raise
    except Exception as error:
        log.fault("a batch failed", files=len(arrivals))
        if len(arrivals) > 1:
            return [result for arrival in arrivals for result in _deploy_apart(store, [arrival], by)]
        message = f"this is a fault of taskstore: {type(error).__name__}: {error}"
        refused = TaskstoreError(message, hint="report it with the log; it is tried again when taskstored is restarted")
        return [DeployResult(path=arrivals[0].key, document=0, outcome=Outcome.REJECTED, error=refused)]


def _source(arrival: Arrival) -> Source:
    return Source(arrival.key, arrival.taken.data, Format.of_name(arrival.taken.path))


def _verdict(arrival: Arrival, results: Sequence[DeployResult], now: datetime) -> Verdict:
    taken = arrival.taken
    known = DeployResult(path=arrival.key, document=0, outcome=Outcome.UNCHANGED)
    return Verdict(
        path=taken.path,
        content=taken.digest,
        size=len(taken.data),
        at=now,
        results=tuple(results) or (known,),
        known=not results,
    )
