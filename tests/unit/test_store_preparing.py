"""Files are prepared in their order, by this process and a second one, and nothing is lost if that one is."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taskstore import Source, Store
from taskstore.errors import StorageError
from taskstore.store.ahead import BYTES_PER_BATCH, FILES_PER_BATCH, PreparedAhead
from taskstore.store.helper import FILES_PER_CHUNK, Helper
from taskstore.store.preparing import (
    Batch,
    Chunk,
    Documents,
    PreparedFile,
    prepare_documents,
    prepare_file,
    with_documents,
)
from taskstore.store.results import DeployResult
from taskstore.store.second import SecondProcess
from taskstore_specs import Format

BATCH = FILES_PER_BATCH


def manifest(number: int, padding: int = 0) -> Source:
    identity = {"project": "plant", "domain": "production", "name": f"line.task_{number}", "version": "1"}
    template = {"id": identity, "type": "python", "container": {"args": ["--version", "1", "x" * padding]}}
    document = {"taskId": identity, "spec": {"taskTemplate": template}}
    return Source(f"{number}.json", json.dumps(document).encode(), Format.JSON)


def broken(number: int) -> Source:
    return Source(f"{number}.json", b'{"taskId": {"project": 1}}', Format.JSON)


def told(batch: Batch) -> list[object]:
    """What is comparable of it: errors are told apart by what they say."""
    return [str(file.error) if isinstance(file, DeployResult) else file for file in batch]


def prepared_by(second: SecondProcess, files: Chunk) -> Batch:
    return list(map(with_documents, files, second.run(prepare_documents, files)()))


def prepare_chunk(files: Chunk) -> Batch:
    return list(map(prepare_file, files))


def batches(read: Iterator[Source]) -> list[Batch]:
    with PreparedAhead(read) as ahead:
        return list(iter(ahead.take, []))


def test_many_files_come_in_their_order_in_full_batches() -> None:
    found = batches(map(manifest, range(2 * BATCH + 7)))
    assert [len(batch) for batch in found] == [BATCH, BATCH, 7]
    assert [file.source.path for batch in found for file in batch if isinstance(file, PreparedFile)] == [
        f"{number}.json" for number in range(2 * BATCH + 7)
    ]


def test_large_files_make_batches_of_fewer() -> None:
    found = batches(manifest(number, padding=BYTES_PER_BATCH // 4) for number in range(9))
    assert [len(batch) for batch in found] == [4, 4, 1]


def test_the_second_process_makes_of_files_what_this_one_does() -> None:
    sources = [broken(number) if number % 3 == 0 else manifest(number) for number in range(30)]
    with SecondProcess() as second:
        assert told(prepared_by(second, sources)) == told(prepare_chunk(sources))
        assert told(prepared_by(second, sources[:1])) == told(prepare_chunk(sources[:1]))


def test_what_the_second_process_has_not_begun_this_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def run(self: SecondProcess, work: object, chunk: Chunk) -> Callable[[], list[Documents | None]]:
        asked.append(len(chunk))
        assert may_go_on.wait(60)
        return lambda: prepare_documents(chunk)

    may_go_on = threading.Event()
    monkeypatch.setattr(SecondProcess, "run", run)
    sources = list(map(manifest, range(3 * FILES_PER_CHUNK)))
    helper = Helper(prepare_documents, with_documents)
    collect = helper.begin(sources)
    threading.Timer(0.5, may_go_on.set).start()
    assert collect() == prepare_chunk(sources)
    assert asked in ([], [FILES_PER_CHUNK])
    helper.close()


def test_files_that_are_prepared_stay_as_they_are() -> None:
    prepared = prepare_chunk([manifest(number) for number in range(BATCH)])
    assert batches(iter(prepared)) == [prepared]  # type: ignore[arg-type]
    mixed = [prepared[0], manifest(1)]
    with SecondProcess() as second:
        assert prepared_by(second, mixed) == prepared[:2]  # type: ignore[arg-type]


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/false"])
def test_without_a_second_process_this_one_prepares_all(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(sys, "executable", program)
    sources = [manifest(number) for number in range(5)]
    with SecondProcess() as second:
        assert prepared_by(second, sources) == prepare_chunk(sources)


def test_a_second_process_that_is_killed_loses_nothing() -> None:
    sources = [manifest(number) for number in range(5)]
    with SecondProcess() as second:
        prepared_by(second, sources)
        assert second.pid is not None
        os.kill(second.pid, signal.SIGKILL)
        assert prepared_by(second, sources) == prepare_chunk(sources)


def broken_work(items: object) -> list[Documents | None]:
    raise RuntimeError(items)


def test_work_that_fails_there_is_done_here() -> None:
    sources = [manifest(number) for number in range(5)]
    with SecondProcess() as second:
        assert second.run(broken_work, sources)() == [None] * 5
        assert prepared_by(second, sources) == prepare_chunk(sources)


def test_an_interrupt_is_left_to_this_process() -> None:
    sources = [manifest(number) for number in range(5)]
    with SecondProcess() as second:
        prepared_by(second, sources)
        pid = second.pid
        assert pid is not None
        os.kill(pid, signal.SIGINT)
        prepared_by(second, sources)
        assert second.pid == pid


def test_nothing_is_left_running() -> None:
    with PreparedAhead(map(manifest, range(2 * BATCH))) as ahead:
        ahead.take()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("taskstore-prepare")]
    with SecondProcess() as second:
        prepared_by(second, [manifest(1)])
        pid = second.pid
        assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_what_cannot_be_read_stops_a_deploy_after_what_was_read_before_it(tmp_path: Path) -> None:
    def read() -> Iterator[Source]:
        yield from map(manifest, range(BATCH + 3))
        raise StorageError("cannot read", Path("inbox"), OSError(5, "Input/output error"))

    with Store.init(tmp_path / "store", projects=["plant"]) as store:
        with pytest.raises(StorageError):
            store.deploy(read())
        assert store.status().versions == BATCH + 3
