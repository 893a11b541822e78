"""Lists of tasks and versions: the rules L1 to L3, L6 and L8 of `specs/semantics.md`."""

from __future__ import annotations

from typing import Any

import pytest

from taskstore.errors import InvalidQueryError
from taskstore.index.queries import COLUMNS, SortKey, TaskQuery, VersionQuery, parse_filter, parse_sort
from taskstore_specs.identity import TaskName


def listed(registry: Any, **query: Any) -> list[str]:
    """The tasks that a query finds, as `name@version`."""
    return [f"{row.name}@{row.version}" for row in registry.store.list_tasks(TaskQuery(**query)).tasks]


def test_l1_the_newest_version_of_each_task(registry: Any) -> None:
    for name, version in (("a", "v1"), ("b", "v9"), ("a", "v2"), ("b", "v10")):
        registry.deploy(version, name=name)
    assert listed(registry) == ["b@v10", "a@v2"]


def test_l1_a_redeploy_of_an_older_version_does_not_make_it_the_newest(registry: Any) -> None:
    registry.deploy("v1", name="a")
    registry.deploy("v2", name="a")
    registry.deploy("v1", name="a", image="other")
    assert listed(registry) == ["a@v2"]


def test_l1_ties_go_by_the_order_of_the_journal(registry: Any) -> None:
    registry.deploy_file(*(registry.document(version, name="a") for version in ("v2", "v1", "v0")))
    assert listed(registry) == ["a@v0"]
    assert listed(registry, all_versions=True) == ["a@v0", "a@v1", "a@v2"]


def test_l1_filters_apply_before_the_newest_is_chosen(registry: Any) -> None:
    registry.deploy("v1", name="a", by="ann")
    registry.deploy("v2", name="a", by="bob")
    registry.deploy("v3", name="a", by="ann", image="other")
    registry.deploy("v1", name="b", by="bob")
    page = registry.store.list_tasks(TaskQuery(filters=(parse_filter("deployed_by=bob"),)))
    assert [f"{row.name}@{row.version}" for row in page.tasks] == ["b@v1", "a@v2"]
    assert (page.total, page.filtered_total) == (2, 2)


def test_l1_the_scope_is_a_project_a_domain_a_name(registry: Any) -> None:
    registry.store.create_project("q")
    registry.deploy("v1", name="a")
    registry.deploy("v1", name="b")
    registry.deploy("v1", name="a", project="q")
    assert listed(registry, project="p") == ["b@v1", "a@v1"]
    assert listed(registry, name="a") == ["a@v1", "a@v1"]
    assert listed(registry, project="p", domain="d", name="a") == ["a@v1"]
    assert listed(registry, domain="elsewhere") == []


def test_l2_totals_are_there_on_an_empty_page(registry: Any) -> None:
    registry.deploy("v1", name="a")
    registry.deploy("v1", name="b")
    page = registry.store.list_tasks(TaskQuery(filters=(parse_filter("name=nobody"),)))
    assert (page.tasks, page.total, page.filtered_total, page.next_token) == ((), 2, 0, "")


def test_l2_totals_count_beyond_the_page(registry: Any) -> None:
    for number in range(5):
        registry.deploy("v1", name=f"task{number}")
    page = registry.store.list_tasks(TaskQuery(filters=(parse_filter("name!=task0"),), limit=2))
    assert (len(page.tasks), page.total, page.filtered_total) == (2, 5, 4)


@pytest.mark.parametrize("column", COLUMNS)
def test_l3_every_column_sorts_both_ways(registry: Any, trigger: Any, column: str) -> None:
    registry.deploy("v1", name="env.a", by="x", triggers=[trigger("t"), trigger("u")], shortName="x")
    registry.deploy("v3", name="env.b", by="z", triggers=[trigger("s", active=False)])
    registry.deploy("v2", name="c.d", by="y", documentation={"shortDescription": "words"})
    rows = registry.store.list_tasks(TaskQuery(sort=(parse_sort(column),))).tasks
    values = [getattr(row, column) for row in rows]
    assert values == sorted(values)
    rows = registry.store.list_tasks(TaskQuery(sort=(parse_sort(f"{column}:desc"),))).tasks
    values = [getattr(row, column) for row in rows]
    assert values == sorted(values, reverse=True)


def test_l3_several_keys_each_its_own_way(registry: Any) -> None:
    for name, version in (("a", "v1"), ("b", "v2"), ("c", "v1"), ("d", "v2")):
        registry.deploy(version, name=name)
    assert listed(registry, sort=(SortKey("version"), SortKey("name", descending=True))) == [
        "c@v1",
        "a@v1",
        "d@v2",
        "b@v2",
    ]


@pytest.mark.parametrize("text", ["digest", "name; DROP TABLE tasks", "", "sequence:desc"])
def test_l3_an_unknown_column_is_an_error_that_lists_them(text: str) -> None:
    with pytest.raises(InvalidQueryError) as raised:
        parse_sort(text)
    assert all(column in raised.value.hint for column in COLUMNS)


def test_l6_versions_are_listed_newest_first_with_what_is_known_of_them(
    registry: Any, trigger: Any, task: TaskName
) -> None:
    first = registry.deploy("v1", by="ann", triggers=[trigger("a"), trigger("b", active=False)])
    registry.deploy("v2", by="bob", triggers=[trigger("a"), trigger("b", active=False)])
    page = registry.store.list_versions(VersionQuery(task))
    newest, oldest = page.versions
    assert (newest.version, newest.deployed_by, newest.revision) == ("v2", "bob", 1)
    assert (newest.total_triggers, newest.active_triggers) == (2, 1)
    assert (oldest.version, oldest.digest, oldest.total_triggers) == ("v1", first.digest, 0)
    assert page.total == 2


def test_l6_versions_of_unchanged_code_share_a_fingerprint(registry: Any, task: TaskName) -> None:
    for version in ("v1", "v2", "v3"):
        registry.deploy(version, image="new" if version == "v3" else "old")
    third, second, first = registry.store.list_versions(VersionQuery(task)).versions
    assert first.digest != second.digest
    assert first.fingerprint == second.fingerprint != third.fingerprint


def test_l8_a_deleted_version_is_in_no_list(registry: Any, task: TaskName) -> None:
    registry.deploy("v1")
    registry.deploy("v2")
    registry.store.delete_version(task.at("v2"))
    assert listed(registry) == [f"{task.name}@v1"]
    assert listed(registry, all_versions=True) == [f"{task.name}@v1"]
    assert [row.version for row in registry.store.list_versions(VersionQuery(task)).versions] == ["v1"]
    registry.store.delete_version(task.at("v1"))
    assert registry.store.list_tasks().total == 0


def test_l8_an_undeleted_version_is_back_in_its_place(registry: Any, task: TaskName) -> None:
    registry.deploy("v1")
    registry.deploy("v2")
    registry.store.delete_version(task.at("v1"))
    registry.store.undelete_version(task.at("v1"))
    assert listed(registry, all_versions=True) == [f"{task.name}@v2", f"{task.name}@v1"]
