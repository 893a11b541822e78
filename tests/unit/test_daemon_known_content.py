"""What a watched file was last deployed with is left alone, whatever came since."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskstore.plan.outcome import Outcome
from taskstore.store.source import Source
from taskstore.store.store import Store
from taskstore_specs import Format
from tests.daemon.plant import manifest


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.init(tmp_path / "store", projects=["plant"]) as store:
        yield store


def source(name: str, image: str = "one") -> Source:
    return Source(f"/inbox/{name}.json", manifest(name, image=image).encode(), Format.JSON)


def outcomes(store: Store, *sources: Source, watched: bool = True) -> list[tuple[str, Outcome]]:
    return [(result.path, result.outcome) for result in store.deploy(sources, watched=watched).results]


def test_known_content_has_no_result_and_records_nothing(store: Store) -> None:
    assert outcomes(store, source("a")) == [("/inbox/a.json", Outcome.CREATED)]
    assert outcomes(store, source("a"), source("b")) == [("/inbox/b.json", Outcome.CREATED)]
    head = store.journal.head()
    assert outcomes(store, source("a"), source("b")) == []
    assert store.journal.head() == head


def test_known_content_does_not_undo_a_later_deploy(store: Store) -> None:
    outcomes(store, source("a"))
    elsewhere = Source("elsewhere", manifest("a", image="two").encode(), Format.JSON)
    assert outcomes(store, elsewhere, watched=False) == [("elsewhere", Outcome.UPDATED)]
    assert outcomes(store, source("a")) == []
    assert outcomes(store, source("a"), watched=False) == [("/inbox/a.json", Outcome.UPDATED)]


def test_content_that_was_known_before_the_last_is_deployed(store: Store) -> None:
    for image in ("one", "two", "one"):
        assert len(outcomes(store, source("a", image))) == 1
