"""The server for Flyte clients: distinct deploys over the wire, each answered when it is durable."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import workload
from bench import Bench
from flyteidl2.task.task_service_pb2 import DeployTaskRequest
from google.protobuf.json_format import ParseDict
from measure import Goal, Row, take_turns
from programs import environment, taskstored
from wire import flood

from taskstore import Store

CLIENTS = 8
CONCURRENT = (1_000, CLIENTS)


def measure(bench: Bench) -> Iterator[Row]:
    count = bench.manifests
    bodies = [_body(number) for number in range(count)]
    for concurrent in CONCURRENT:

        def ours(_: int, concurrent: int = concurrent) -> float:
            root = bench.place.new("store")
            Store.init(root, projects=[workload.PROJECT]).close()
            server = subprocess.Popen(
                taskstored("serve", "--listen", "127.0.0.1:0", "--log", "json"),
                env=environment(root),
                stderr=subprocess.PIPE,
                text=True,
            )
            assert server.stderr is not None
            try:
                url = json.loads(server.stderr.readline())["url"]
                sent = bodies if concurrent > CLIENTS else bodies[: count // 10]
                return flood(url, sent, CLIENTS, concurrent // CLIENTS)
            finally:
                server.terminate()
                server.wait()

        taken = take_turns(bench.rounds, ours=ours)
        yield Row(
            "Server",
            f"deploys over the wire, {concurrent:,} at once from {CLIENTS} clients",
            "/s",
            taken["ours"],
            goals=(Goal(1_000),) if concurrent > CLIENTS else (),
        )


def _body(number: int) -> bytes:
    return ParseDict(workload.request(number, "20290b0faa36"), DeployTaskRequest()).SerializeToString()
