"""Which file speaks for which task version."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from taskstore.plan.prepare import Prepared, prepare
from taskstore_daemon.claims import Claims, FileId
from taskstore_specs import Format, read_manifest

A, B, C = (FileId(0, name) for name in "abc")


def says(version: str = "v1", image: str = "one", *, cron: str = "") -> list[Prepared]:
    task = {"project": "p", "domain": "d", "name": "n", "version": version}
    automation = {"schedule": {"cron": {"expression": cron}}}
    triggers = [{"name": "t", "spec": {"active": True}, "automation_spec": automation}] if cron else []
    request = {"task_id": task, "spec": {"task_template": {"container": {"image": image}}}, "triggers": triggers}
    return [prepare(found) for found in read_manifest("x", json.dumps(request).encode(), Format.JSON)]


def test_one_file_contradicts_nobody() -> None:
    claims = Claims()
    assert claims.replace(A, says()) == set()
    assert claims.replace(A, says(image="two")) == set()
    assert claims.rivals(A) == set()


def test_files_that_say_the_same_do_not_contradict_each_other() -> None:
    claims = Claims()
    claims.replace(A, says())
    assert claims.replace(B, says()) == set()


def test_files_that_say_different_things_do_and_both_are_shaken() -> None:
    claims = Claims()
    claims.replace(A, says())
    assert claims.replace(B, says(image="two")) == {A}
    assert (claims.rivals(A), claims.rivals(B)) == ({B}, {A})
    assert claims.contradicted(A, says()[0]) == [B]  # type: ignore[arg-type]


def test_triggers_are_content_too() -> None:
    claims = Claims()
    claims.replace(A, says(cron="0 1 * * *"))
    assert claims.replace(B, says(cron="0 2 * * *")) == {A}


def test_other_versions_do_not_matter() -> None:
    claims = Claims()
    claims.replace(A, says("v1"))
    assert claims.replace(B, says("v2", "two")) == set()


def test_when_one_goes_the_other_stands_again() -> None:
    claims = Claims()
    claims.replace(A, says())
    claims.replace(B, says(image="two"))
    claims.replace(C, says())
    assert claims.rivals(B) == {A, C}
    assert claims.replace(B, ()) == {A, C}
    assert claims.rivals(A) == set()


@given(
    st.lists(st.tuples(st.sampled_from([A, B, C]), st.sampled_from(["v1", "v2"]), st.sampled_from(["one", "two", ""])))
)
def test_whoever_gains_or_loses_a_rival_is_shaken(steps: list[tuple[FileId, str, str]]) -> None:
    claims = Claims()
    for file, version, image in steps:
        before = {each: claims.rivals(each) for each in (A, B, C)}
        shaken = claims.replace(file, says(version, image) if image else ())
        changed = {each for each in (A, B, C) if claims.rivals(each) != before[each]}
        assert changed - {file} == shaken
