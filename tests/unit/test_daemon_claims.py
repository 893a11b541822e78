"""Which file speaks for which task version."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from taskstore.plan.prepare import Prepared, PreparedTask, prepare
from taskstore_daemon.claims import Claims, FileId, claims_of
from taskstore_specs import Format, read_manifest

A, B, C = (FileId(0, name) for name in "abc")


def says(version: str = "v1", image: str = "one", *, cron: str = "") -> list[Prepared]:
    task = {"project": "p", "domain": "d", "name": "n", "version": version}
    automation = {"schedule": {"cron": {"expression": cron}}}
    triggers = [{"name": "t", "spec": {"active": True}, "automation_spec": automation}] if cron else []
    request = {"task_id": task, "spec": {"task_template": {"container": {"image": image}}}, "triggers": triggers}
    return [prepare(found) for found in read_manifest("x", json.dumps(request).encode(), Format.JSON)]


def rivals(claims: Claims, file: FileId, said: list[Prepared]) -> list[FileId]:
    assert isinstance(said[0], PreparedTask)
    return claims.contradicted(file, said[0], most=9)


def test_one_file_contradicts_nobody() -> None:
    claims = Claims()
    assert claims.replace(A, claims_of(says())) == set()
    assert claims.replace(A, claims_of(says(image="two"))) == set()
    assert rivals(claims, A, says(image="two")) == []


def test_files_that_say_the_same_do_not_contradict_each_other() -> None:
    claims = Claims()
    claims.replace(A, claims_of(says()))
    assert claims.replace(B, claims_of(says())) == set()
    assert rivals(claims, B, says()) == []


def test_files_that_say_different_things_do_and_the_other_is_shaken() -> None:
    claims = Claims()
    claims.replace(A, claims_of(says()))
    assert claims.replace(B, claims_of(says(image="two"))) == {A}
    assert rivals(claims, A, says()) == [B]
    assert rivals(claims, B, says(image="two")) == [A]


def test_triggers_are_content_too() -> None:
    claims = Claims()
    claims.replace(A, claims_of(says(cron="0 1 * * *")))
    assert claims.replace(B, claims_of(says(cron="0 2 * * *"))) == {A}


def test_other_versions_do_not_matter() -> None:
    claims = Claims()
    claims.replace(A, claims_of(says("v1")))
    assert claims.replace(B, claims_of(says("v2", "two"))) == set()


def test_when_one_goes_the_others_stand_again() -> None:
    claims = Claims()
    claims.replace(A, claims_of(says()))
    claims.replace(B, claims_of(says(image="two")))
    claims.replace(C, claims_of(says()))
    assert rivals(claims, B, says(image="two")) == [A, C]
    assert claims.replace(B, ()) == {A, C}
    assert rivals(claims, A, says()) == []


def test_one_rival_more_changes_nobodys_standing() -> None:
    claims = Claims()
    claims.replace(A, claims_of(says(image="one")))
    claims.replace(B, claims_of(says(image="two")))
    assert claims.replace(C, claims_of(says(image="three"))) == set()
    assert claims.replace(C, ()) == set()


STEPS = st.lists(
    st.tuples(st.sampled_from([A, B, C]), st.sampled_from(["v1", "v2"]), st.sampled_from(["one", "two", ""]))
)


@given(STEPS)
def test_whoever_comes_to_be_contradicted_or_stops_being_so_is_shaken(steps: list[tuple[FileId, str, str]]) -> None:
    claims, said = Claims(), dict[FileId, list[Prepared]]()

    def contradicted() -> set[FileId]:
        """By the plain rule: somebody else says another thing about the same version."""
        found = {file: document for file, (document,) in said.items()}
        return {
            file
            for file, mine in found.items()
            for other in found.values()
            if isinstance(mine, PreparedTask) and isinstance(other, PreparedTask)
            if mine.task_id == other.task_id and mine.digest != other.digest
        }

    for file, version, image in steps:
        before = contradicted()
        said.pop(file, None)
        if image:
            said[file] = says(version, image)
        shaken = claims.replace(file, claims_of(said.get(file, ())))
        assert (before ^ contradicted()) - {file} == shaken
        assert {each for each in said if rivals(claims, each, said[each])} == contradicted()
