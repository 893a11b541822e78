"""Batches that are read ahead: what joins them, and that nothing is prepared otherwise than here."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from taskstore.store.preparing import PreparedFile
from taskstore_daemon.desk import Desk
from taskstore_daemon.inbox import Inbox
from taskstore_daemon.ingest import Arrival
from taskstore_daemon.limits import BATCH_FILES
from taskstore_daemon.reading import Batch, Reader
from tests.daemon.plant import manifest


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path, rescan=3600, settle=0, why_poll="a test", wake=lambda: None)


@pytest.fixture
def reader(inbox: Inbox) -> Reader:
    return Reader([Desk(inbox, None, datetime.now(UTC))], signed=False)


def drop(inbox: Inbox, *paths: str) -> None:
    """Files that are ready at once, each a task of its name."""
    for path in paths:
        place = inbox.root / path
        place.parent.mkdir(exist_ok=True)
        place.write_text(manifest(place.stem))
    for _ in range(2):
        inbox.request_scan("a test")
        inbox.look(0.0)


def paths(batch: Batch | None) -> list[str]:
    return [file.path for file in batch.files] if batch is not None else []


def test_a_flood_is_read_in_batches_and_nothing_twice(inbox: Inbox, reader: Reader) -> None:
    names = {f"{number}.json" for number in range(BATCH_FILES + 600)}
    drop(inbox, *names)
    first, second = reader.take(), reader.take()
    assert (len(paths(first)), len(paths(second))) == (BATCH_FILES, 600)
    assert {*paths(first), *paths(second)} == names
    reader.rest()


def test_what_the_second_process_prepares_is_what_would_be_prepared_here(inbox: Inbox, reader: Reader) -> None:
    drop(inbox, *(f"{number}.json" for number in range(BATCH_FILES + 600)))
    for batch in (reader.take(), reader.take()):
        assert batch is not None
        for file, found in zip(batch.files, batch.found(), strict=True):
            assert isinstance(found, Arrival)
            assert isinstance(found.prepared, PreparedFile)
            assert found.file.path == file.path
            assert [document.task_id.name for document in found.prepared.documents] == [Path(file.path).stem]  # type: ignore[union-attr]
    reader.rest()


def test_what_comes_into_a_quiet_folder_joins_the_batch_that_was_read_ahead(inbox: Inbox, reader: Reader) -> None:
    drop(inbox, *(f"{number}.json" for number in range(BATCH_FILES + 5)))
    reader.take()
    drop(inbox, "quiet/a.json", "late.json")
    batch = paths(reader.take())
    assert (len(batch), batch[-1]) == (6, "quiet/a.json")
    assert reader.has_more


def test_after_a_fault_everything_is_taken_again_in_its_order(inbox: Inbox, reader: Reader) -> None:
    drop(inbox, *(f"{number}.json" for number in range(BATCH_FILES + 5)))
    first = paths(reader.take())
    reader.put_back()
    assert paths(reader.take()) == first
