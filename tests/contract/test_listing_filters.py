"""Filters: rule L4 of `specs/semantics.md`. Flyte takes `%` and `_` in a contained text for wildcards."""

from __future__ import annotations

from typing import Any

import pytest

from taskstore.index.queries import TaskQuery, parse_filter

NAMES = ("a%b", "a_b", "axb", "Axb", "ab", "'; DROP TABLE tasks; --", "ünï", "ÜNÏ")


@pytest.fixture
def named(registry: Any) -> Any:
    """A registry with a task of each of NAMES."""
    registry.deploy_file(*(registry.document("v1", name=name) for name in NAMES))
    return registry


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name=a_b", {"a_b"}),
        ("name=a%", set()),
        ("name!=ab", set(NAMES) - {"ab"}),
        ("name~%", {"a%b"}),
        ("name~_", {"a_b"}),
        ("name~xb", {"axb", "Axb"}),
        ("name~~XB", {"axb", "Axb"}),
        ("name~~ünï", {"ünï", "ÜNÏ"}),
        ("name^a", {"a%b", "a_b", "axb", "ab"}),
        ("name^%", set()),
        ("name$b", set(NAMES) - {"'; DROP TABLE tasks; --", "ünï", "ÜNÏ"}),
        ("name!$b", {"'; DROP TABLE tasks; --", "ünï", "ÜNÏ"}),
        ("name in ab, axb,nobody", {"ab", "axb"}),
        ("name not in ab,axb", set(NAMES) - {"ab", "axb"}),
        ("name>=axb", {"axb", "ünï", "ÜNÏ"}),
        ("name<ab", {"a%b", "a_b", "Axb", "'; DROP TABLE tasks; --"}),
        ("name='; DROP TABLE tasks; --", {"'; DROP TABLE tasks; --"}),
        ("total_triggers=0", set(NAMES)),
        ("total_triggers>0", set()),
        ("active_triggers in 0,1", set(NAMES)),
        ("created_at>2000-01-01T00:00:00Z", set(NAMES)),
        ("created_at<=2000-01-01T00:00:00+01:00", set()),
    ],
)
def test_l4_values_are_literal(named: Any, text: str, found: set[str]) -> None:
    page = named.store.list_tasks(TaskQuery(filters=(parse_filter(text),)))
    assert {row.name for row in page.tasks} == found
    assert (page.total, page.filtered_total) == (len(NAMES), len(found))


def test_l4_filters_are_joined_by_and(named: Any) -> None:
    filters = tuple(map(parse_filter, ("name^a", "name$b", "name~x")))
    assert [row.name for row in named.store.list_tasks(TaskQuery(filters=filters)).tasks] == ["axb"]


def test_l4_a_time_compares_as_the_moment_it_is(named: Any) -> None:
    [row] = named.store.list_tasks(TaskQuery(name="ab")).tasks
    moment = row.created_at.isoformat()
    assert named.store.list_tasks(TaskQuery(filters=(parse_filter(f"created_at={moment}"),))).filtered_total
    assert not named.store.list_tasks(TaskQuery(filters=(parse_filter(f"created_at>{moment}"),))).filtered_total
