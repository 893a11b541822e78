"""When a task counts as missing."""

from __future__ import annotations

from taskstore_daemon.claims import FileId
from taskstore_daemon.missing import Missing
from taskstore_specs.identity import TaskName

A, B = FileId(0, "a"), FileId(0, "b")
ONE, TWO = TaskName("p", "d", "one"), TaskName("p", "d", "two")


def scan(missing: Missing, times: int = 1, *, healthy: bool = True, files: int = 1) -> None:
    for _ in range(times):
        missing.scanned(0, healthy=healthy, files=files)


def test_two_scans_must_agree() -> None:
    missing = Missing(budget=10)
    missing.speaks(A, [ONE])
    missing.gone(A)
    scan(missing)
    assert missing.due() == []
    scan(missing)
    assert missing.due() == [ONE]
    missing.settle([ONE])
    assert missing.due() == []


def test_what_goes_while_scans_are_made_goes_at_once() -> None:
    missing = Missing(budget=10)
    missing.speaks(A, [ONE])
    missing.speaks(B, [TWO])
    missing.gone(A)
    scan(missing)
    missing.gone(B)
    scan(missing)
    assert missing.due() == []
    scan(missing)
    assert missing.due() == [ONE, TWO]


def test_an_inbox_that_goes_on_losing_holds_up_no_other() -> None:
    missing = Missing(budget=10)
    missing.speaks(A, [ONE])
    missing.speaks(FileId(1, "b"), [TWO])
    missing.gone(A)
    scan(missing, 2)
    missing.gone(FileId(1, "b"))
    assert missing.due() == [ONE]


def test_a_task_that_another_file_speaks_of_is_not_missing() -> None:
    missing = Missing(budget=10)
    missing.speaks(A, [ONE])
    missing.speaks(B, [ONE, TWO])
    missing.gone(A)
    scan(missing, 2)
    assert missing.due() == []


def test_a_file_that_speaks_of_something_else_now_leaves_its_task() -> None:
    missing = Missing(budget=10)
    missing.speaks(A, [ONE])
    missing.speaks(A, [TWO])
    scan(missing, 2)
    assert missing.due() == [ONE]


def test_a_task_that_comes_back_is_not_missing() -> None:
    missing = Missing(budget=10)
    missing.speaks(A, [ONE])
    missing.gone(A)
    scan(missing)
    missing.speaks(B, [ONE])
    scan(missing, 2)
    assert missing.due() == []


def test_an_unhealthy_or_empty_folder_proves_nothing() -> None:
    missing = Missing(budget=10)
    missing.speaks(A, [ONE])
    missing.gone(A)
    scan(missing, 5, healthy=False)
    scan(missing, 5, files=0)
    assert missing.due() == []


def test_another_folder_in_its_place_proves_nothing() -> None:
    missing = Missing(budget=10)
    missing.speaks(A, [ONE])
    missing.gone(A)
    missing.replaced(0)
    scan(missing, 5)
    assert missing.due() == []


def test_only_so_many_go_at_once() -> None:
    tasks = [TaskName("p", "d", str(number)) for number in range(3)]
    assert Missing(budget=3).within_budget(tasks)
    assert not Missing(budget=2).within_budget(tasks)
    assert Missing(budget=None).within_budget(tasks)


def test_what_was_pruned_is_known_until_it_is_restored() -> None:
    missing = Missing(budget=10)
    missing.speaks(A, [ONE])
    missing.gone(A)
    missing.settle([ONE])
    missing.speaks(A, [ONE])
    assert missing.is_pruned(A)
    missing.restored(A)
    assert not missing.is_pruned(A)
