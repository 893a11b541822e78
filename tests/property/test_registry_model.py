"""The whole registry against a plain Python model: after every step, at every earlier entry, and after a rebuild."""

from __future__ import annotations

import copy
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from taskstore import Format, Source, Store, TaskQuery, TriggerAction, TriggerQuery, VersionQuery
from taskstore.errors import ConflictError, NotFoundError
from taskstore_specs import TaskName

NAMES = st.sampled_from(["a", "b"])
VERSIONS = st.sampled_from(["v1", "v2", "v3"])
IMAGES = st.sampled_from(["i", "j"])
TRIGGER_SETS = st.dictionaries(st.sampled_from(["t", "u"]), st.booleans())
OPERATIONS = st.sampled_from([action for action in TriggerAction if action is not TriggerAction.DEPLOY])


class Model:
    """The registry as dictionaries; versions in the order in which they were created."""

    def __init__(self) -> None:
        self.archived = False
        self.versions: dict[tuple[str, str], dict[str, Any]] = {}
        self.triggers: dict[tuple[str, str], dict[str, Any]] = {}

    def deploy(self, name: str, version: str, image: str, triggers: dict[str, bool], action: str = "DEPLOY") -> bool:
        """Whether anything changed."""
        current = self.versions.get((name, version))
        moved = [
            self._change(name, trigger, version=version, active=active, deleted=False)
            for trigger, active in triggers.items()
        ]
        moved += [
            self._change(name, trigger, active=False, deleted=True)
            for owner, trigger in list(self.triggers)
            if owner == name and trigger not in triggers
        ]
        if current and current["image"] == image and not current["deleted"] and not any(moved):
            return False
        self.versions[name, version] = {
            "image": image,
            "revision": current["revision"] + 1 if current else 1,
            "deleted": False,
            "action": action,
            "set": dict(triggers),
        }
        return True

    def operate(self, action: TriggerAction, name: str, trigger: str) -> None:
        changes = {
            TriggerAction.ACTIVATE: {"active": True},
            TriggerAction.DEACTIVATE: {"active": False},
            TriggerAction.PAUSE: {"paused": True},
            TriggerAction.RESUME: {"paused": False},
            TriggerAction.DELETE: {"active": False, "deleted": True},
        }
        self._change(name, trigger, **changes[action])

    def _change(self, name: str, trigger: str, **wanted: Any) -> bool:
        unborn = {"revision": 0, "paused": False}
        current = self.triggers.get((name, trigger), unborn)
        if all(current.get(key) == value for key, value in wanted.items()):
            return False
        self.triggers[name, trigger] = current | wanted | {"revision": current["revision"] + 1}
        return True

    def counts(self, name: str, version: str) -> tuple[int, int]:
        of_version = [
            trigger
            for (owner, _), trigger in self.triggers.items()
            if owner == name and trigger["version"] == version and not trigger["deleted"]
        ]
        return len(of_version), sum(trigger["active"] and not trigger["paused"] for trigger in of_version)

    def listing(self) -> list[tuple[Any, ...]]:
        """The newest live version of each task, newest first, with its trigger counts."""
        newest = {name: version for (name, version), row in self.versions.items() if not row["deleted"]}
        order = list(self.versions)
        rows = [(name, version, *self.counts(name, version)) for name, version in newest.items()]
        return sorted(rows, key=lambda row: order.index((row[0], row[1])), reverse=True)

    def live_triggers(self) -> set[tuple[Any, ...]]:
        return {
            (name, trigger, row["version"], row["active"], row["paused"], row["revision"])
            for (name, trigger), row in self.triggers.items()
            if not row["deleted"]
        }

    def versions_of(self, name: str) -> list[tuple[str, int]]:
        rows = [(version, row["revision"]) for (owner, version), row in self.versions.items() if owner == name]
        return [row for row in reversed(rows) if not self.versions[name, row[0]]["deleted"]]


class Registry(RuleBasedStateMachine):
    """Does the same to a real store and to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.store = Store.init(self.root / "store", projects=["p"])
        self.model = Model()
        self.past = {1: Model()}

    def teardown(self) -> None:
        for sequence, model in self.past.items():
            self.compare(model, as_of=sequence)
        self.store.rebuild()
        self.compare(self.model)
        for sequence, model in self.past.items():
            self.compare(model, as_of=sequence)
        self.store.close()
        shutil.rmtree(self.root)

    @rule(name=NAMES, version=VERSIONS, image=IMAGES, triggers=TRIGGER_SETS)
    def deploy(self, name: str, version: str, image: str, triggers: dict[str, bool]) -> None:
        document = {
            "taskId": {"project": "p", "domain": "d", "name": name, "version": version},
            "spec": {"taskTemplate": {"image": image}},
            "triggers": [{"name": key, "spec": {"active": active}} for key, active in triggers.items()],
        }
        [result] = self.store.deploy([Source("m.json", json.dumps(document).encode(), Format.JSON)]).results
        if self.model.archived:
            assert isinstance(result.error, ConflictError)
        else:
            known = (name, version) in self.model.versions
            changed = self.model.deploy(name, version, image, triggers)
            assert result.outcome.value == (("updated" if known else "created") if changed else "unchanged")

    @rule(action=OPERATIONS, name=NAMES, trigger=st.sampled_from(["t", "u"]))
    def operate(self, action: TriggerAction, name: str, trigger: str) -> None:
        current = self.model.triggers.get((name, trigger))
        if self.model.archived or current is None or current["deleted"]:
            self.refused(lambda: self.store.operate_triggers(action, TaskName("p", "d", name), [trigger]))
        else:
            self.store.operate_triggers(action, TaskName("p", "d", name), [trigger])
            self.model.operate(action, name, trigger)

    @rule(name=NAMES, version=VERSIONS)
    def delete(self, name: str, version: str) -> None:
        task_id = TaskName("p", "d", name).at(version)
        current = self.model.versions.get((name, version))
        if current is None or (not current["deleted"] and self.model.counts(name, version)[0]):
            self.refused(lambda: self.store.delete_version(task_id))
            return
        self.store.delete_version(task_id)
        if not current["deleted"]:
            current |= {"deleted": True, "revision": current["revision"] + 1}

    @rule(name=NAMES, version=VERSIONS)
    def undelete(self, name: str, version: str) -> None:
        task_id = TaskName("p", "d", name).at(version)
        current = self.model.versions.get((name, version))
        if current is None:
            self.refused(lambda: self.store.undelete_version(task_id))
            return
        self.store.undelete_version(task_id)
        if current["deleted"]:
            current |= {"deleted": False, "revision": current["revision"] + 1}

    @rule(name=NAMES, version=VERSIONS)
    def rollback(self, name: str, version: str) -> None:
        task_id = TaskName("p", "d", name).at(version)
        current = self.model.versions.get((name, version))
        if self.model.archived or current is None:
            self.refused(lambda: self.store.rollback(task_id))
        else:
            self.store.rollback(task_id)
            self.model.deploy(name, version, current["image"], current["set"], "ROLLBACK")

    @rule()
    def archive(self) -> None:
        self.store.archive_project("p")
        self.model.archived = True

    @precondition(lambda self: self.model.archived)
    @rule()
    def restore(self) -> None:
        self.store.restore_project("p")
        self.model.archived = False

    def refused(self, call: Any) -> None:
        try:
            call()
        except (ConflictError, NotFoundError):
            return
        raise AssertionError("it was not refused")

    @invariant()
    def the_store_is_as_the_model(self) -> None:
        self.past[self.store.journal.head().sequence] = copy.deepcopy(self.model)
        self.compare(self.model)

    def compare(self, model: Model, as_of: int | None = None) -> None:
        page = self.store.list_tasks(TaskQuery(as_of=as_of))
        assert [(row.name, row.version, row.total_triggers, row.active_triggers) for row in page.tasks] == (
            model.listing()
        )
        assert page.total == len(page.tasks)
        listed = self.store.list_triggers(TriggerQuery(as_of=as_of)).triggers
        assert {
            (row.task_name, row.name, row.task_version, row.active, row.paused, row.revision) for row in listed
        } == model.live_triggers()
        assert [row.state.value for row in self.store.list_projects(as_of=as_of)] == [
            "archived" if model.archived else "active"
        ]
        for name in {name for name, _ in model.versions}:
            versions = self.store.list_versions(VersionQuery(task=TaskName("p", "d", name), as_of=as_of)).versions
            assert [(row.version, row.revision) for row in versions] == model.versions_of(name)


TestRegistry = Registry.TestCase
TestRegistry.settings = settings(
    max_examples=12, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
