"""How errors become words and exit codes."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from taskstore import errors
from taskstore.cli.errors import exit_code, explain
from taskstore_specs.digest import Digest

DIGEST = Digest.of(b"a spec")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (click.UsageError("unknown option"), 2),
        (errors.InvalidInputError("bad"), 3),
        (errors.ManifestError("a.yaml", (errors.Problem("bad"),)), 3),
        (errors.InvalidQueryError("bad"), 3),
        (errors.StoreNotFoundError("none"), 4),
        (errors.BlobNotFoundError(DIGEST), 4),
        (errors.VersionConflictError("p/d/n@v", DIGEST, DIGEST), 5),
        (errors.BusyError("busy"), 6),
        (errors.BlobDamagedError(DIGEST, Path("x")), 7),
        (errors.JournalDamagedError(7, "gone"), 7),
        (errors.NotTrustedError("unsigned"), 8),
        (errors.StorageError("writing", Path("x"), OSError(28, "No space left on device")), 1),
        (ZeroDivisionError("ours"), 1),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error: Exception, code: int) -> None:
    assert exit_code(error) == code


def test_an_error_says_what_where_and_what_to_do() -> None:
    problem = errors.Problem("unknown field `versoin`", "task_id", 3, 5, "did you mean `version`?")
    assert explain(errors.ManifestError("a.yaml", (problem,))) == [
        "error: unknown field `versoin`",
        "  at: a.yaml:3:5, task_id",
        "  hint: did you mean `version`?",
    ]


def test_every_problem_of_a_manifest_is_told() -> None:
    lines = explain(errors.ManifestError("a.yaml", (errors.Problem("one"), errors.Problem("two"))))
    assert [line for line in lines if line.startswith("error")] == ["error: one", "error: two"]


def test_an_error_without_a_place_of_its_own_is_told_with_the_one_given() -> None:
    assert "  at: a.yaml" in explain(errors.ConflictError("no"), at="a.yaml")


def test_a_fault_of_ours_is_one_line_and_says_how_to_see_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASKSTORE_DEBUG", raising=False)
    lines = explain(ZeroDivisionError("division by zero"))
    assert len(lines) == 2
    assert "fault of taskstore" in lines[0]
    assert "TASKSTORE_DEBUG=1" in lines[1]


def test_a_fault_of_ours_shows_its_traceback_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKSTORE_DEBUG", "1")
    try:
        raise ZeroDivisionError("division by zero")
    except ZeroDivisionError as error:
        assert explain(error)[0].startswith("Traceback")


def test_control_characters_of_what_was_given_are_not_repeated() -> None:
    assert explain(errors.InvalidQueryError("not a task: \x1b[31m\n")) == ["error: not a task: \\x1b[31m\\n"]
