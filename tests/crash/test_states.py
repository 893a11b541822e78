"""A state machine over one store: deploys, pauses, crashes in the middle of a commit, several processes, a clock that
jumps, gc and rebuilds, in any order. After each step the store holds exactly what was acknowledged.

A crash is simulated at each step of the commit: what was written up to there stays, nothing after it happens, as a
killed process leaves it (the sweeps of `test_programs.py` do it with real kills).
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from taskstore import Format, Source, Store
from taskstore.check import Fsck, gc
from taskstore.index import IndexWriter
from taskstore.journal.changes import TriggerAction
from taskstore_specs.identity import TaskId, TaskName

NAMES = st.sampled_from(["a", "b"])
VERSIONS = st.sampled_from(["v1", "v2", "v3"])
IMAGES = st.sampled_from(["one", "two", "three"])
CRASHES = st.sampled_from(["before blobs", "after blobs", "before entry", "after entry", "after index"])


class Crash(BaseException):
    """The process ends here."""


class Clock:
    """A clock that can be set."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


def manifest(name: str, version: str, image: str) -> Source:
    """A task with a trigger."""
    request = {
        "taskId": {"project": "p", "domain": "d", "name": name, "version": version},
        "spec": {"taskTemplate": {"container": {"image": image}}},
        "triggers": [
            {"name": "x", "spec": {"active": True}, "automationSpec": {"schedule": {"cron": {"expression": "@daily"}}}}
        ],
    }
    return Source("m.json", json.dumps(request).encode(), Format.JSON)


class Registry(RuleBasedStateMachine):
    """One store, two openings of it as two processes have it, and what was acknowledged."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="taskstore-states-"))
        self.clock = Clock()
        self.expected: dict[TaskId, str] = {}
        self.paused: set[str] = set()
        self.stores: list[Store] = []

    @initialize()
    def create(self) -> None:
        """A new store, opened twice."""
        Store.init(self.folder / "store", projects=["p"]).close()
        self.stores = [self.opened(), self.opened()]

    def opened(self) -> Store:
        """The store as a process opens it."""
        return Store.open(self.folder / "store", clock=self.clock)

    @rule(of=st.integers(0, 1), name=NAMES, version=VERSIONS, image=IMAGES)
    def deploy(self, of: int, name: str, version: str, image: str) -> None:
        """A deploy by one of the processes."""
        [result] = self.stores[of].deploy([manifest(name, version, image)]).results
        assert result.error is None
        self.acknowledge(name, version, str(result.digest))

    def acknowledge(self, name: str, version: str, digest: str) -> None:
        """From now on the store must hold this."""
        self.expected[TaskId("p", "d", name, version)] = digest

    @rule(of=st.integers(0, 1), name=NAMES, version=VERSIONS, image=IMAGES, at=CRASHES)
    def crash(self, of: int, name: str, version: str, image: str, at: str) -> None:
        """A process dies while it deploys; another one is started in its place."""
        store = self.stores[of]
        self.arm(store, at)
        try:
            [result] = store.deploy([manifest(name, version, image)]).results
        except Crash:
            self.stores[of] = self.opened()
            if at in ("after entry", "after index"):
                self.adopt(TaskId("p", "d", name, version))
            return
        finally:
            store.close()
        self.stores[of] = self.opened()
        self.acknowledge(name, version, str(result.digest))  # nothing was to be written, so it did not get there

    def adopt(self, task: TaskId) -> None:
        """A commit that was not acknowledged is there all the same, wholly: it counts from now on."""
        self.expected[task] = self.recorded()[task]

    def arm(self, store: Store, at: str) -> None:
        """Let the process die at that step of its next commit."""
        put_many, append = store.blobs.put_many, store.journal.append

        def dying(function: Callable[..., Any], before: str, after: str) -> Callable[..., Any]:
            def wrapped(*arguments: Any) -> Any:
                if at == before:
                    raise Crash
                result = function(*arguments)
                if at == after:
                    raise Crash
                return result

            return wrapped

        store.blobs.put_many = dying(put_many, "before blobs", "after blobs")  # type: ignore[method-assign]
        store.journal.append = dying(append, "before entry", "after entry")  # type: ignore[method-assign]
        if at == "after index":
            write = store.index.write

            def dying_later() -> Any:
                return _dying_after_apply(write())

            store.index.write = dying_later  # type: ignore[method-assign]

    @rule(of=st.integers(0, 1), name=NAMES, action=st.sampled_from([TriggerAction.PAUSE, TriggerAction.RESUME]))
    def hold(self, of: int, name: str, action: TriggerAction) -> None:
        """An operator pauses or resumes."""
        if any(task.name == name for task in self.expected):
            self.stores[of].operate_triggers(action, TaskName("p", "d", name), ["x"])
            (self.paused.add if action is TriggerAction.PAUSE else self.paused.discard)(name)

    @rule(days=st.sampled_from([-365, -1, 1, 400]))
    def set_clock(self, days: int) -> None:
        """The clock jumps."""
        self.clock.now += timedelta(days=days)

    @rule(of=st.integers(0, 1))
    def collect(self, of: int) -> None:
        """gc without any grace."""
        gc(self.stores[of], grace=-1.0)

    @rule(of=st.integers(0, 1))
    def rebuild(self, of: int) -> None:
        """The index anew."""
        self.stores[of].rebuild()

    @rule(of=st.integers(0, 1), size=st.integers(0, 5_000))
    def spoil_index(self, of: int, size: int) -> None:
        """The index loses its end, or all of it."""
        for store in self.stores:
            store.close()
        index = self.folder / "store" / "index.duckdb"
        if index.exists():
            index.write_bytes(index.read_bytes()[:size])

    def recorded(self) -> dict[TaskId, str]:
        """What the store holds."""
        query = "SELECT project, domain, name, version, digest FROM task_versions"
        rows = self.stores[0].index.ask(lambda connection: connection.execute(query).fetchall())
        return {TaskId(*task): digest for *task, digest in rows}

    @invariant()
    def holds_what_was_acknowledged(self) -> None:
        """Every acknowledged version, with its blob, and no other; time never goes back."""
        if not self.stores:
            return
        assert self.recorded() == self.expected
        query = "SELECT task_name FROM triggers WHERE paused"
        paused = self.stores[0].index.ask(lambda connection: connection.execute(query).fetchall())
        assert {name for (name,) in paused} == self.paused
        assert Fsck(self.stores[1]).run().problems == ()

    def teardown(self) -> None:
        """Leave nothing."""
        for store in self.stores:
            store.close()
        shutil.rmtree(self.folder)


class _dying_after_apply:  # noqa: N801
    """A writer's block whose `apply` is the last thing that its process does."""

    def __init__(self, block: Any) -> None:
        self._block = block

    def __enter__(self) -> IndexWriter:
        writer: IndexWriter = self._block.__enter__()
        apply = writer.apply

        def last(entries: Any) -> None:
            apply(entries)
            raise Crash

        writer.apply = last  # type: ignore[method-assign]
        return writer

    def __exit__(self, *what: Any) -> Any:
        return self._block.__exit__(*what)


def test_a_store_holds_exactly_what_was_acknowledged(thorough: bool) -> None:
    run_state_machine_as_test(
        Registry,
        settings=settings(
            max_examples=300 if thorough else 4,
            stateful_step_count=30 if thorough else 10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        ),
    )
