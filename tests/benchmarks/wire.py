"""Clients that deploy over kept connections, as cheaply as Python can, so that the server is what is measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from urllib.parse import urlsplit

PATH = "/flyteidl2.task.TaskService/DeployTask"


def flood(url: str, bodies: Sequence[bytes], clients: int, connections: int) -> float:
    """Deploy the messages `bodies`, in proto, from `clients` processes with `connections` each; how many a second.

    Raises RuntimeError of anything but success.
    """
    shares = [bodies[number::clients] for number in range(clients)]
    with ProcessPoolExecutor(clients) as pool:
        list(pool.map(time.sleep, [0.2] * clients))  # All have started.
        begin = time.time() + 0.5
        ended = max(pool.map(_client, repeat(url), shares, repeat(connections), repeat(begin)))
    return len(bodies) / (ended - begin)


def _client(url: str, bodies: Sequence[bytes], connections: int, begin: float) -> float:
    return asyncio.run(_deploy_all(url, [_request(url, body) for body in bodies], connections, begin))


async def _deploy_all(url: str, requests: Sequence[bytes], connections: int, begin: float) -> float:
    remaining = iter(requests)
    parts = urlsplit(url)
    opened = [await asyncio.open_connection(parts.hostname, parts.port) for _ in range(connections)]
    await asyncio.sleep(begin - time.time())
    await asyncio.gather(*(_deploy(reader, writer, remaining) for reader, writer in opened))
    return time.time()


async def _deploy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, remaining: Iterator[bytes]) -> None:
    for request in remaining:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode("latin-1"))
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readexactly(2)
    writer.close()


def _request(url: str, body: bytes) -> bytes:
    head = (
        f"POST {PATH} HTTP/1.1",
        f"host: {urlsplit(url).netloc}",
        "content-type: application/proto",
        f"content-length: {len(body)}",
    )
    return "\r\n".join((*head, "", "")).encode("ascii") + body
