"""Planning a sequence of deploys and applying the facts comes to the same as a few lines of plain Python."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from taskstore.journal.changes import ProjectAction, ProjectChange
from taskstore.plan.deploy import Refused, plan
from taskstore.plan.outcome import Outcome
from taskstore.plan.policy import Policy, VersionPolicy
from taskstore.plan.prepare import Prepared, prepare
from taskstore.plan.state import State
from taskstore_specs.identity import TaskName
from taskstore_specs.models import DeployTask, TaskIdentifier, TaskSpec, Trigger, TriggerSpec

NAMES, VERSIONS, IMAGES, TRIGGERS = ("a", "b"), ("v1", "v2"), ("i", "j"), ("t", "u", "w")

deploys = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from(VERSIONS),
    st.sampled_from(IMAGES),
    st.dictionaries(st.sampled_from(TRIGGERS), st.booleans()),
)
Deploy = tuple[str, str, str, dict[str, bool]]


def request(name: str, version: str, image: str, triggers: dict[str, bool]) -> Prepared:
    return prepare(
        DeployTask(
            task_id=TaskIdentifier(project="p", domain="d", name=name, version=version),
            spec=TaskSpec(task_template={"image": image}),
            triggers=tuple(Trigger(name=t, spec=TriggerSpec(active=active)) for t, active in triggers.items()),
        )
    )


class Model:
    """The registry as dictionaries."""

    def __init__(self, *, immutable: bool) -> None:
        self.immutable = immutable
        self.versions: dict[tuple[str, str], dict[str, Any]] = {}
        self.triggers: dict[tuple[str, str], dict[str, Any]] = {}

    def deploy(self, name: str, version: str, image: str, triggers: dict[str, bool]) -> Outcome:
        current = self.versions.get((name, version))
        if current and self.immutable and current["image"] != image:
            return Outcome.REJECTED
        moved = [self._set(name, t, version, active, deleted=False) for t, active in triggers.items()]
        moved += [
            self._set(name, t, trigger["version"], False, deleted=True)
            for (owner, t), trigger in list(self.triggers.items())
            if owner == name and t not in triggers
        ]
        if current and current["image"] == image and not any(moved):
            return Outcome.UNCHANGED
        revision = current["revision"] + 1 if current else 1
        self.versions[name, version] = {"image": image, "revision": revision}
        return Outcome.UPDATED if current else Outcome.CREATED

    def _set(self, task: str, name: str, version: str, active: bool, *, deleted: bool) -> bool:
        current = self.triggers.get((task, name), {"revision": 0})
        wanted = {"version": version, "active": active, "deleted": deleted}
        if all(current.get(key) == value for key, value in wanted.items()):
            return False
        self.triggers[task, name] = {**wanted, "revision": current["revision"] + 1}
        return True


@given(st.lists(st.lists(deploys, min_size=1, max_size=4), max_size=8), st.booleans())
def test_plan_then_apply_equals_a_plain_model(batches: list[list[Deploy]], immutable: bool) -> None:
    policy = Policy(versions=VersionPolicy.IMMUTABLE if immutable else VersionPolicy.MUTABLE)
    state = State.of([ProjectChange(action=ProjectAction.CREATE, id="p")])
    model = Model(immutable=immutable)
    for batch in batches:
        results = plan([[request(*deploy)] for deploy in batch], state, policy, "me")
        for deploy, result in zip(batch, results, strict=True):
            expected = model.deploy(*deploy)
            assert (Outcome.REJECTED if isinstance(result, Refused) else result[0].outcome) is expected
            for change in () if isinstance(result, Refused) else result[0].changes:
                state.apply(change)
    assert {
        (task_id.name, task_id.version): (change.revision, change.digest) for task_id, change in state.versions.items()
    } == {
        key: (found["revision"], request(key[0], key[1], found["image"], {}).digest)  # type: ignore[union-attr]
        for key, found in model.versions.items()
    }
    assert {
        (task.name, name): {
            "version": change.task_version,
            "active": change.trigger.spec.active,
            "deleted": change.deleted,
            "revision": change.revision,
        }
        for task in (TaskName("p", "d", name) for name in NAMES)
        for name, change in state.triggers_of(task).items()
    } == model.triggers


@given(st.lists(deploys, min_size=1, max_size=6))
def test_one_batch_and_one_by_one_record_the_same_facts(batch: list[Deploy]) -> None:
    start = State.of([ProjectChange(action=ProjectAction.CREATE, id="p")])
    together = plan([[request(*deploy)] for deploy in batch], start, Policy(), "me")
    state = start.copy()
    for deploy, result in zip(batch, together, strict=True):
        alone = plan([[request(*deploy)]], state, Policy(), "me")[0]
        assert alone == result
        assert not isinstance(alone, Refused)
        for change in alone[0].changes:
            state.apply(change)
