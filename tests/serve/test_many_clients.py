"""Many clients at once: nothing is lost, nothing done twice, commits are shared; who dawdles is shown the door."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from taskstore.errors import BusyError, ProjectNotFoundError, TaskstoreError
from taskstore.index.queries import TaskQuery
from taskstore.store.source import Source
from taskstore.store.store import Store
from taskstore_daemon.serve import connection, guard, registry
from taskstore_daemon.serve.registry import Registry
from taskstore_daemon.serve.server import Access, Address, Server, listen, url_of
from taskstore_specs import Format
from tests.serve.site import PATIENCE, PROGRAMS, PROJECT, Site, call, environment

CLIENTS, EACH = 8, 125


def test_a_thousand_deploys_of_eight_clients_are_all_there_and_none_twice(site: Site) -> None:
    before = site.head()
    clients = [
        subprocess.Popen(
            [sys.executable, PROGRAMS / "flood.py", site.url, str(client), str(EACH)],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for client in range(CLIENTS)
    ]
    for client in clients:
        assert client.stdout.readline() == "ready\n"
    for client in clients:
        client.stdin.write("go\n")
        client.stdin.flush()
    times = [client.communicate(timeout=PATIENCE)[0].split() for client in clients]
    assert [client.returncode for client in clients] == [0] * CLIENTS
    with Store.open(site.store) as store:
        changes = [change for entry, _ in store.journal.entries() for change in entry.changes]
        listed = store.list_tasks(TaskQuery(project=PROJECT, limit=None)).tasks
        entries = store.journal.head().sequence - before
    deployed = Counter(change.name for change in changes if hasattr(change, "version"))
    assert deployed == {f"flood.task-{c}-{n}": 1 for c in range(CLIENTS) for n in range(EACH)}
    assert len(listed) == CLIENTS * EACH
    assert entries < CLIENTS * EACH / 4
    seconds = max(float(ended) for _, ended in times) - min(float(began) for began, _ in times)
    print(f"{CLIENTS * EACH / seconds:.0f} deploys a second in {entries} entries")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.init(tmp_path / "store", projects=[PROJECT])


def source(name: str, project: str = PROJECT) -> Source:
    text = f'{{"taskId": {{"project": "{project}", "domain": "d", "name": "{name}", "version": "v1"}}, "spec": {{}}}}'
    return Source("wire", text.encode(), Format.JSON)


def test_requests_that_wait_share_an_entry_unless_others_made_them(store: Store) -> None:
    async def deploy_all() -> list[int | None]:
        registry = Registry(store)
        who = ["ann"] * 20 + ["bob"] * 20
        results = await asyncio.gather(*(registry.deploy(source(f"t{n}"), by) for n, by in enumerate(who)))
        registry.close()
        return [result.sequence for result in results]

    sequences = asyncio.run(deploy_all())
    assert len(set(sequences)) == 2
    entries = {entry.sequence: entry.committed_by for entry, _ in store.journal.entries()}
    assert {entries[number or 0] for number in sequences} == {"ann", "bob"}


def test_one_that_is_refused_does_not_hold_up_the_others(store: Store) -> None:
    async def deploy_all() -> list[object]:
        registry = Registry(store)
        sources = [source("a"), source("b", project="nope"), Source("wire", b"{", Format.JSON), source("c")]
        results = await asyncio.gather(*(registry.deploy(s, "ann") for s in sources), return_exceptions=True)
        registry.close()
        return list(results)

    good, unknown, garbage, also_good = asyncio.run(deploy_all())
    assert isinstance(unknown, ProjectNotFoundError)
    assert isinstance(garbage, TaskstoreError)
    assert not isinstance(good, Exception)
    assert not isinstance(also_good, Exception)
    assert {row.name for row in store.list_tasks(TaskQuery()).tasks} == {"a", "c"}


def test_whoever_stops_waiting_leaves_the_others_alone(store: Store) -> None:
    async def deploy_all() -> None:
        registry = Registry(store)
        impatient = asyncio.create_task(registry.deploy(source("a"), "ann"))
        patient = asyncio.create_task(registry.deploy(source("b"), "ann"))
        await asyncio.sleep(0)
        impatient.cancel()
        assert (await patient).sequence
        registry.close()

    asyncio.run(deploy_all())
    assert {row.name for row in store.list_tasks(TaskQuery()).tasks} == {"a", "b"}


def test_what_waits_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "WAITING_BYTES", 3 * len(source("t0").data))

    async def deploy_all() -> list[object]:
        queue = registry.Registry(store)
        results = await asyncio.gather(
            *(queue.deploy(source(f"t{n}"), "ann") for n in range(5)), return_exceptions=True
        )
        await queue.deploy(source("t9"), "ann")
        queue.close()
        return list(results)

    results = asyncio.run(deploy_all())
    assert [isinstance(result, BusyError) for result in results] == [False] * 3 + [True] * 2


def test_what_bodies_hold_is_bounded_and_given_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_BYTES", 1_000)
    access = Access()
    with listen(Address("127.0.0.1", 0), access) as listener, Server(store, listener, access):
        url = url_of(listener, access)
        for size, code in ((900, "invalid_argument"), (1_100, "unavailable"), (900, "invalid_argument")):
            assert call(url, "task.TaskService/DeployTask", b"x" * size).code == code


def head(length: int) -> bytes:
    """The beginning of a deploy."""
    lines = ("host: localhost", "content-type: application/json", f"content-length: {length}", "", "")
    return "\r\n".join(("POST /flyteidl2.task.TaskService/DeployTask HTTP/1.1", *lines)).encode()


@pytest.mark.parametrize("beginning", [b"", b"POST /", b"POST / HTTP/1.1\r\nhost: local"])
def test_headers_that_do_not_come_end_the_connection(
    store: Store, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    monkeypatch.setattr(connection, "HEADER_SECONDS", 0.2)
    access = Access()
    with listen(Address("127.0.0.1", 0), access) as listener, Server(store, listener, access):
        parts = urlsplit(url_of(listener, access))
        with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE) as client:
            client.sendall(beginning)
            assert client.recv(1) == b""


def test_a_body_that_does_not_come_is_answered_in_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "REQUEST_SECONDS", 0.2)
    access = Access()
    with listen(Address("127.0.0.1", 0), access) as listener, Server(store, listener, access):
        parts = urlsplit(url_of(listener, access))
        with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE) as client:
            client.sendall(head(10) + b"{")
            answer = client.makefile("rb").read()
            assert answer.startswith(b"HTTP/1.1 504")
            assert b"deadline_exceeded" in answer


def test_requests_under_way_are_finished_when_it_is_told_to_stop(store: Store) -> None:
    access = Access()
    with listen(Address("127.0.0.1", 0), access) as listener:
        server = Server(store, listener, access)
        answers: list[bytes] = []
        with server:
            parts = urlsplit(url_of(listener, access))
            client = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)
            body = source("late").data
            client.sendall(head(len(body)) + body[:10])
            time.sleep(0.2)
            reader = threading.Thread(target=lambda: answers.append(client.recv(4096)))
            reader.start()
            server.stop()
            client.sendall(body[10:])
            reader.join(PATIENCE)
            client.close()
        assert answers[0].startswith(b"HTTP/1.1 200")
    assert [row.name for row in store.list_tasks(TaskQuery()).tasks] == ["late"]
