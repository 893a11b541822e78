"""Three stores and two gaps: upstream, site and cell deploy, send each other what is lacking, and come to agree."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from taskstore.bundle import OnConflict
from taskstore.errors import BundleConflictError, BundleGapError
from taskstore.index.selection import Chosen, Selection
from taskstore.store.store import Store
from tests.bundle_stores import Ticking, content_of, deploy, facts_of, new_store, send, take, triggers, versions

ROOT = Path(__file__).parent.parent.parent
STEPS, ROUNDS = 25, 4
KILLS = 6
WORKER = """
import sys
from pathlib import Path
from taskstore.bundle import survey
from taskstore.store.store import Store
from tests.bundle_stores import take
survey.FACTS_PER_ENTRY = 7
with Store.open(sys.argv[1]) as store:
    print("ready", flush=True)
    take(store, Path(sys.argv[2]))
"""


class Chain:
    """The three stores, and the counter that names bundles."""

    def __init__(self, folder: Path, seed: int) -> None:
        clock = Ticking()
        self.folder, self.random = folder, random.Random(seed)
        self.numbers = itertools.count()
        self.upstream = new_store(folder / "upstream", clock, projects=["p", "q"])
        self.site, self.cell = new_store(folder / "site", clock), new_store(folder / "cell", clock)
        self.stores = (self.upstream, self.site, self.cell)

    def send(
        self, source: Store, target: Store, selection: Selection, on_conflict: OnConflict = OnConflict.REFUSE
    ) -> int:
        paths = send(source, self.folder / f"{next(self.numbers)}.tar", to=target, selection=selection)
        return take(target, *paths, on_conflict=on_conflict).taken

    def settle(self) -> None:
        """Everything down, then everything up, until nobody learns anything."""
        links = [
            (self.upstream, self.site),
            (self.site, self.cell),
            (self.cell, self.site),
            (self.site, self.upstream),
        ]
        for _ in range(ROUNDS):
            if sum(self.send(source, target, Selection()) for source, target in links) == 0:
                return
        raise AssertionError("they never come to rest")

    def close(self) -> None:
        for store in self.stores:
            store.close()


def some_facts(chosen: random.Random) -> Selection:
    """Any selection, everything as often as not."""
    return chosen.choice(
        [
            *[Selection()] * 4,
            Selection(project="p"),
            Selection(project="q", latest=True),
            Selection(latest=True),
            Selection(tasks=(Chosen("p", "development", "a"), Chosen("q", "development", "b"))),
        ]
    )


@pytest.mark.parametrize("seed", range(3))
def test_stores_that_deploy_versions_of_their_own_come_to_agree(tmp_path: Path, seed: int) -> None:
    """Each store deploys versions of its own of the same tasks, again and again; bundles go in any order."""
    chain = Chain(tmp_path, seed)
    chosen = chain.random
    chain.settle()
    for step in range(STEPS):
        store = chosen.choice(chain.stores)
        if chosen.random() < 0.5:
            project, name = chosen.choice([("p", "a"), ("p", "c"), ("q", "b")])
            version = f"{store.root.name}-{chosen.randrange(3)}"
            deploy(store, name, version, str(step), project=project)
        else:
            source, target = chosen.choice(
                [
                    (chain.upstream, chain.site),
                    (chain.site, chain.cell),
                    (chain.cell, chain.site),
                    (chain.site, chain.upstream),
                ]
            )
            chain.send(source, target, some_facts(chosen))
    own = {store: facts_of(store) for store in chain.stores}
    chain.settle()
    assert content_of(chain.upstream) == content_of(chain.site) == content_of(chain.cell)
    for store, facts in own.items():
        assert facts <= facts_of(store)
    assert set().union(*own.values()) == facts_of(chain.upstream) | facts_of(chain.site) | facts_of(chain.cell)
    chain.close()


@pytest.mark.parametrize("seed", range(2))
def test_a_contradiction_is_found_exactly_where_both_sides_moved(tmp_path: Path, seed: int) -> None:
    chain = Chain(tmp_path, seed)
    deploy(chain.upstream, "a", "v1", "start")
    chain.send(chain.upstream, chain.site, Selection())
    for step in range(12):
        moved = {store for store in (chain.upstream, chain.site) if chain.random.random() < 0.5}
        for store in moved:
            deploy(store, "a", "v1", f"{store.root.name} {step}")
        try:
            chain.send(chain.upstream, chain.site, Selection())
            contradicted = False
        except BundleConflictError:
            contradicted = True
            chain.send(chain.upstream, chain.site, Selection(), OnConflict.THEIRS)
        assert contradicted == (len(moved) == 2)
        chain.send(chain.site, chain.upstream, Selection())
        assert content_of(chain.site) == content_of(chain.upstream)
    chain.close()


def test_bundles_in_the_wrong_order_are_refused_until_the_gap_is_filled(tmp_path: Path) -> None:
    chain = Chain(tmp_path, 0)
    paths = []
    for number in range(4):
        since = chain.upstream.journal.head().sequence if number else 0
        deploy(chain.upstream, "a", f"v{number}", str(number), "daily")
        paths.append(send(chain.upstream, tmp_path / f"delta{number}", since=since))
    for number in (3, 1, 2):
        with pytest.raises(BundleGapError):
            take(chain.site, *paths[number])
    for number in (0, 1, 0, 2, 1, 3):
        take(chain.site, *paths[number])
    assert (versions(chain.site), triggers(chain.site)) == (versions(chain.upstream), triggers(chain.upstream))
    chain.close()


def _apply_and_kill(site: Path, bundle: Path, after: float) -> bool:
    """Apply a bundle in another process, in several entries, and kill it; whether it was done before."""
    packages = os.pathsep.join(str(ROOT / part) for part in ("", "daemon", "specs"))
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, str(site), str(bundle)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": packages},
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        time.sleep(after)
        done = process.poll() is not None
        process.send_signal(signal.SIGKILL)
    return done


def test_an_apply_that_is_killed_goes_on_from_there(tmp_path: Path) -> None:
    """At every stop the store holds a state that upstream went through; in the end it is the same."""
    chain = Chain(tmp_path, 0)
    passed: list[list[tuple[object, ...]]] = [content_of(chain.site), content_of(chain.upstream)]
    for number in range(40):
        deploy(chain.upstream, "a", f"v{number % 9}", str(number), "daily")
        passed.append(content_of(chain.upstream))
    (bundle,) = send(chain.upstream, tmp_path / "bundle")
    for _ in range(KILLS):
        _apply_and_kill(chain.site.root, bundle, chain.random.uniform(0.0, 0.6))
        assert content_of(chain.site) in passed
    take(chain.site, bundle)
    assert (versions(chain.site), triggers(chain.site)) == (versions(chain.upstream), triggers(chain.upstream))
    assert facts_of(chain.site) == facts_of(chain.upstream)
    chain.close()
