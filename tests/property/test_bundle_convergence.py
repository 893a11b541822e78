"""Three stores and two gaps: upstream, site and cell deploy, send each other what is lacking, and come to agree."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from taskstore.bundle import OnConflict, apply, opened, survey
from taskstore.check import Fsck
from taskstore.errors import BundleConflictError, BundleGapError, ConflictError, NotFoundError
from taskstore.index.selection import Chosen, Selection
from taskstore.journal.changes import TriggerAction
from taskstore.store.store import Store
from taskstore_specs.identity import TaskId, TaskName
from tests.bundle_stores import (
    EVERYTHING,
    Ticking,
    ask,
    content_of,
    deploy,
    facts_of,
    new_store,
    send,
    take,
    triggers,
    versions,
)

pytestmark = pytest.mark.usefixtures("no_network")

ROOT = Path(__file__).parent.parent.parent
STEPS, ROUNDS = 40, 4
THOROUGH_SEEDS = 20
OPERATIONS = (TriggerAction.PAUSE, TriggerAction.RESUME, TriggerAction.ACTIVATE, TriggerAction.DEACTIVATE)
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
        self.links = (
            (self.upstream, self.site),
            (self.site, self.cell),
            (self.cell, self.site),
            (self.site, self.upstream),
        )

    def send(
        self,
        source: Store,
        target: Store,
        selection: Selection = EVERYTHING,
        on_conflict: OnConflict = OnConflict.REFUSE,
    ) -> int:
        paths = send(source, self.folder / f"{next(self.numbers)}.tar", to=target, selection=selection)
        return take(target, *paths, on_conflict=on_conflict).taken

    def send_and_stop(self, source: Store, target: Store, selection: Selection) -> None:
        """Stop the apply after some step of it, at its end at the latest."""
        (path,) = send(source, self.folder / f"{next(self.numbers)}.tar", to=target, selection=selection)
        steps = itertools.count()
        last = self.random.randrange(30)

        def stop(_: int, __: int) -> None:
            if next(steps) == last:
                raise StoppedError

        with contextlib.suppress(StoppedError), opened([path]) as (bundle,):
            apply(target, bundle, OnConflict.REFUSE, "operator@here", stop)

    def settle(self) -> None:
        """Everything down, then everything up, until nobody learns anything."""
        for _ in range(ROUNDS):
            if sum(self.send(source, target) for source, target in self.links) == 0:
                return
        raise AssertionError("they never come to rest")

    def close(self) -> None:
        for store in self.stores:
            store.close()


class StoppedError(Exception):
    """Ends an apply in its midst."""


def some_facts(chosen: random.Random) -> Selection:
    """Any selection, everything as often as not."""
    return chosen.choice(
        [
            *[EVERYTHING] * 4,
            Selection(project="p"),
            Selection(project="q", latest=True),
            Selection(latest=True),
            Selection(tasks=(Chosen("p", "development", "a"), Chosen("q", "development", "b"))),
        ]
    )


def act(store: Store, chosen: random.Random, step: int) -> None:
    """Something that an operator may do with what this store deployed: versions of its own of tasks that all have, and
    a task of its own with a trigger, as a deploy of one version removes the triggers that another one brought."""
    own = store.root.name
    project, name = chosen.choice([("p", "a"), ("p", "c"), ("q", "b"), ("p", own), ("q", own)])
    task = TaskName(project, "development", name)
    version = TaskId(project, "development", name, f"{own}-{chosen.randrange(3)}")
    content = f"taskstore://{own}/{chosen.randrange(3)}" if chosen.random() < 0.3 else str(step)
    triggers = ["daily"] if name == own and chosen.random() < 0.6 else []
    actions: list[Callable[[], object]] = [
        *[lambda: deploy(store, name, version.version, content, *triggers, project=project)] * 6,
        *[lambda action=action: store.operate_triggers(action, task, ["daily"]) for action in OPERATIONS],
        lambda: store.delete_version(version),
        lambda: store.undelete_version(version),
        lambda: store.rollback(version),
        *[lambda: store.put_blob(f"{own}/{chosen.randrange(3)}", own.encode(), media_type="text/plain")] * 2,
    ]
    with contextlib.suppress(NotFoundError, ConflictError):  # it was not there, or is in use
        chosen.choice(actions)()


def current_of(store: Store) -> tuple[list[tuple[object, ...]], ...]:
    """All that people see of a store, apart from the numbers of its revisions and entries."""
    fires = (
        "SELECT project, domain, task_name, name, task_version, active, paused, definition, deleted_at IS NOT NULL "
        "FROM triggers ORDER BY ALL"
    )
    named = "SELECT name, digest, size, media_type FROM blobs ORDER BY ALL"
    return content_of(store), ask(store, fires), ask(store, named)


@pytest.mark.parametrize("seed", range(2))
def test_stores_that_change_what_is_theirs_come_to_agree(
    tmp_path: Path, seed: int, thorough: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each store deploys, operates, deletes and rolls back, again and again; bundles of everything and of subsets go in
    any order, and some of them are stopped in the midst."""
    monkeypatch.setattr(survey, "FACTS_PER_ENTRY", 3)
    for number in range(THOROUGH_SEEDS if thorough else 1):
        chain = Chain(tmp_path / str(number), seed + 2 * number)
        chosen = chain.random
        chain.settle()
        for step in range(STEPS):
            if chosen.random() < 0.6:
                act(chosen.choice(chain.stores), chosen, step)
            else:
                how = chain.send if chosen.random() < 0.6 else chain.send_and_stop
                how(*chosen.choice(chain.links), some_facts(chosen))
        own = {store: facts_of(store) for store in chain.stores}
        chain.settle()
        assert current_of(chain.upstream) == current_of(chain.site) == current_of(chain.cell)
        for store, facts in own.items():
            assert facts <= facts_of(store)
            assert Fsck(store).run().problems == ()
        assert set().union(*own.values()) == set().union(*(facts_of(store) for store in chain.stores))
        chain.close()


@pytest.mark.parametrize("seed", range(2))
def test_a_contradiction_is_found_exactly_where_both_sides_moved(tmp_path: Path, seed: int) -> None:
    chain = Chain(tmp_path, seed)
    deploy(chain.upstream, "a", "v1", "start")
    chain.send(chain.upstream, chain.site)
    for step in range(12):
        moved = {store for store in (chain.upstream, chain.site) if chain.random.random() < 0.5}
        for store in moved:
            deploy(store, "a", "v1", f"{store.root.name} {step}")
        try:
            chain.send(chain.upstream, chain.site)
            contradicted = False
        except BundleConflictError:
            contradicted = True
            chain.send(chain.upstream, chain.site, EVERYTHING, OnConflict.THEIRS)
        assert contradicted == (len(moved) == 2)
        chain.send(chain.site, chain.upstream)
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
