"""Two documents, field by field."""

from __future__ import annotations

from taskstore.plan.diff import MOST_CHANGES, MOST_VALUE_CHARACTERS, Difference, DiffOperation, diff


def test_equal_documents_do_not_differ() -> None:
    assert diff({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}).changes == ()


def test_each_place_is_named_in_a_stable_order() -> None:
    found = diff({"b": 1, "a": {"x": 1, "y": [1, 2]}}, {"c": 2, "a": {"x": 2, "y": [1, 2, 3]}, "b.c": 0})
    assert [(change.path, change.op) for change in found.changes] == [
        ("a.x", DiffOperation.REPLACE),
        ("a.y[2]", DiffOperation.ADD),
        ("b", DiffOperation.REMOVE),
        ('["b.c"]', DiffOperation.ADD),
        ("c", DiffOperation.ADD),
    ]


def test_a_change_of_type_alone_is_a_change() -> None:
    assert diff({"a": 1}, {"a": True}).changes == (Difference("a", DiffOperation.REPLACE, 1, True),)
    assert diff({"a": {}}, {"a": []}).changes == (Difference("a", DiffOperation.REPLACE, {}, []),)


def test_a_large_difference_is_cut_and_says_so() -> None:
    many = {f"k{n}": n for n in range(MOST_CHANGES + 1)}
    assert diff({}, many).truncated
    assert len(diff({}, many).changes) == MOST_CHANGES
    del many["k0"]
    assert not diff({}, many).truncated
    long = diff({"a": "x"}, {"a": "y" * (MOST_VALUE_CHARACTERS + 1)}).changes[0].after
    assert long == "y" * MOST_VALUE_CHARACTERS + "…"
