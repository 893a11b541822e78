"""Pages: rule L5 of `specs/semantics.md`. Flyte's token is an offset, so its pages shift when a task is deployed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from taskstore.errors import InvalidQueryError
from taskstore.index.queries import TaskPage, TaskQuery, TriggerQuery, VersionQuery, parse_filter, parse_sort
from taskstore_specs.identity import TaskName


def pages(registry: Any, **query: Any) -> Iterator[TaskPage]:
    """All pages of a query, each asked for when it is wanted."""
    token = ""
    while True:
        page = registry.store.list_tasks(TaskQuery(token=token, **query))
        yield page
        token = page.next_token
        if not token:
            return


def deploy_many(registry: Any, count: int) -> None:
    registry.deploy_file(*(registry.document("v1", name=f"task{n:03}") for n in range(count)))


def test_l5_a_page_has_50_rows_when_nothing_is_said_and_200_at_most(registry: Any) -> None:
    deploy_many(registry, 201)
    assert len(registry.store.list_tasks(TaskQuery()).tasks) == 50
    assert len(registry.store.list_tasks(TaskQuery(limit=200)).tasks) == 200
    assert len(registry.store.list_tasks(TaskQuery(limit=None)).tasks) == 201
    for limit in (201, -1):
        with pytest.raises(InvalidQueryError):
            registry.store.list_tasks(TaskQuery(limit=limit))


@pytest.mark.parametrize("sort", [(), ("name",), ("version", "name:desc"), ("environment",), ("created_at:asc",)])
def test_l5_no_page_repeats_or_skips_when_tasks_are_deployed_meanwhile(registry: Any, sort: tuple[str, ...]) -> None:
    deploy_many(registry, 20)
    before = registry.store.list_tasks(TaskQuery(limit=None, sort=tuple(map(parse_sort, sort)))).tasks
    seen = []
    for number, page in enumerate(pages(registry, limit=3, sort=tuple(map(parse_sort, sort)))):
        seen += page.tasks
        assert (page.total, page.filtered_total) == (20, 20)
        registry.deploy("v2", name=f"task{number:03}")
        registry.deploy("v1", name=f"another{number}")
        registry.store.delete_version(TaskName("p", "d", "task019").at("v1")) if number == 0 else None
    assert tuple(seen) == before


def test_l5_the_last_page_has_no_token(registry: Any) -> None:
    deploy_many(registry, 4)
    first = registry.store.list_tasks(TaskQuery(limit=2))
    second = registry.store.list_tasks(TaskQuery(limit=2, token=first.next_token))
    assert first.next_token
    assert not second.next_token


def test_l5_pages_of_versions_and_of_triggers(registry: Any, trigger: Any, task: TaskName) -> None:
    for number in range(5):
        registry.deploy(f"v{number}", triggers=[trigger(f"t{n}", active=n % 2 == 0) for n in range(5)])
    versions, token = [], ""
    while True:
        page = registry.store.list_versions(VersionQuery(task, limit=2, token=token))
        registry.deploy(f"w{len(versions)}")
        versions += [row.version for row in page.versions]
        token = page.next_token
        if not token:
            break
    assert versions == ["v4", "v3", "v2", "v1", "v0"]
    registry.deploy("v4", triggers=[trigger(f"t{n}", active=n % 2 == 0) for n in range(5)])
    everything = registry.store.list_triggers(TriggerQuery()).triggers
    paged, token = [], ""
    while True:
        triggers = registry.store.list_triggers(TriggerQuery(limit=2, token=token))
        paged += triggers.triggers
        token = triggers.next_token
        if not token:
            break
    assert tuple(paged) == everything
    assert len(everything) == 5


def test_l5_a_token_goes_with_its_query(registry: Any) -> None:
    deploy_many(registry, 4)
    token = registry.store.list_tasks(TaskQuery(limit=2)).next_token
    assert registry.store.list_tasks(TaskQuery(limit=1, token=token)).tasks
    others = (
        TaskQuery(token=token, project="p"),
        TaskQuery(token=token, sort=(parse_sort("name"),)),
        TaskQuery(token=token, filters=(parse_filter("name!=x"),)),
        TaskQuery(token=token, all_versions=True),
    )
    for query in others:
        with pytest.raises(InvalidQueryError):
            registry.store.list_tasks(query)
    with pytest.raises(InvalidQueryError):
        registry.store.list_versions(VersionQuery(TaskName("p", "d", "task001"), token=token))


@pytest.mark.parametrize("token", ["x", "====", "e30", "é", "bm90IGpzb24", "A" * 100_000])
def test_l5_a_malformed_token_is_an_error(registry: Any, token: str) -> None:
    with pytest.raises(InvalidQueryError):
        registry.store.list_tasks(TaskQuery(token=token))


def test_l5_pages_of_an_earlier_state(registry: Any) -> None:
    deploy_many(registry, 5)
    sequence = registry.store.log()[0].sequence
    deploy_many(registry, 9)
    seen = [row.name for page in pages(registry, limit=2, as_of=sequence) for row in page.tasks]
    assert sorted(seen) == [f"task{n:03}" for n in range(5)]
