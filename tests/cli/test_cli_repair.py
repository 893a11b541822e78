"""`taskstore repair` on the deployed samples."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Taskstore = Callable[..., Any]


@pytest.fixture
def copy(store: Path) -> Path:
    """A good copy of the store."""
    return Path(shutil.copytree(store, store.parent / "copy"))


def test_what_is_lost_is_put_back_and_everything_lists_again(registry: Taskstore, store: Path, copy: Path) -> None:
    before = registry("list", "--all-versions", "--json").json
    for path in store.glob("objects/*/*"):
        path.unlink()
    entry = next(store.glob("journal/*/*1.json"))
    entry.chmod(0o644)
    entry.write_bytes(b"")
    run = registry("repair", "--from", copy, "--json")
    assert (run.code, run.json["repaired"], run.json["entries"], run.json["problems"]) == (0, 7, [1], [])
    assert registry("list", "--all-versions", "--json").json == before
    assert registry("fsck").code == 0


def test_what_is_left_is_told_and_is_exit_code_7(registry: Taskstore, store: Path, copy: Path) -> None:
    lost = next(store.glob("objects/*/*"))
    lost.unlink()
    (copy / lost.relative_to(store)).unlink()
    run = registry("repair", "--from", copy, "--json")
    assert (run.code, run.json["repaired"]) == (7, 0)
    assert [problem["kind"] for problem in run.json["problems"]] == ["blob_missing"]


def test_a_bundle_gives_what_is_lost_too(registry: Taskstore, store: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "all.bundle"
    created = registry("bundle", "create", bundle)
    assert created.code == 0, created.err
    before = registry("list", "--all-versions", "--json").json
    for path in store.glob("objects/*/*"):
        path.unlink()
    entry = next(store.glob("journal/*/*1.json"))
    entry.chmod(0o644)
    entry.write_bytes(b"")
    run = registry("repair", "--from", bundle, "--json")
    assert (run.code, run.json["repaired"], run.json["problems"]) == (0, 7, [])
    assert registry("list", "--all-versions", "--json").json == before
    assert registry("fsck").code == 0


def test_two_stores_are_too_many(registry: Taskstore, copy: Path) -> None:
    assert registry("repair", "--from", copy, "--from", copy).code == 2


def test_a_donor_that_is_none_is_not_found(registry: Taskstore, tmp_path: Path) -> None:
    run = registry("repair", "--from", tmp_path)
    assert (run.code, run.out) == (4, "")


def test_a_donor_must_be_named(registry: Taskstore) -> None:
    assert registry("repair").code == 2
