"""`taskstored` with a defect put in on purpose, which a test must be seen to find: `defective.py DEFECT ARGUMENT…`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime

from taskstore.plan.outcome import Outcome
from taskstore.store import deploy
from taskstore.store.results import DeployResult
from taskstore_daemon.ingest import Arrival, Ingest
from taskstore_daemon.main import main
from taskstore_daemon.receipts import Receipts
from taskstore_daemon.verdict import Verdict


def tell_before_commit() -> None:
    """The receipts are written before anything is committed."""
    commit = Ingest.deploy

    def tell_and_commit(self: Ingest, arrivals: Sequence[Arrival], now: datetime) -> list[Verdict]:
        for arrival in arrivals:
            taken, result = arrival.taken, DeployResult(path=arrival.key, document=0, outcome=Outcome.CREATED)
            told = Verdict(
                path=arrival.file.path, content=taken.digest, size=len(taken.data), at=now, results=(result,)
            )
            Receipts(arrival.root).write([told])
        return commit(self, arrivals, now)

    Ingest.deploy = tell_and_commit  # type: ignore[method-assign]


def forget_sources() -> None:
    """What the journal knows of a watched file is not asked for: every start deploys every file anew."""
    deploy._left_to_deploy = lambda file, known: file


DEFECTS = {defect.__name__: defect for defect in (tell_before_commit, forget_sources)}

if __name__ == "__main__":
    DEFECTS[sys.argv[1]]()
    sys.exit(main(sys.argv[2:]))
