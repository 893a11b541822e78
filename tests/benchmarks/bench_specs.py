"""How fast a manifest is read, encoded and fingerprinted; one process, no disk.

    python tests/benchmarks/bench_specs.py [MANIFEST.json]

Without a file it takes a request of about 4 KB in lowerCamelCase, as Flyte programs print them.
"""

from __future__ import annotations

import json
import sys
import timeit
from collections.abc import Callable
from pathlib import Path

import ryaml

from taskstore_specs import DeployTask, Digest, Format, encode_spec, fingerprint, read_manifest

ROUNDS, REPEATS = 7, 300


def measure(what: str, work: Callable[[], object]) -> None:
    """Print the best of ROUNDS, in microseconds."""
    best = min(timeit.repeat(work, number=REPEATS, repeat=ROUNDS)) / REPEATS
    print(f"{what:<44} {best * 1e6:>10,.1f} µs")


def sample() -> bytes:
    """A request with an interface of eighteen variables and a container."""
    variables = [
        {"key": f"input_{number}", "value": {"type": {"structuredDatasetType": {"format": "parquet"}}}}
        for number in range(18)
    ]
    identity = {"project": "flytesnacks", "domain": "development", "name": "env.task", "version": "3f1c0a9d2b7e"}
    arguments = ["a0", "--inputs", "{{.input}}", "--version", identity["version"], "--name", "{{.actionName}}"] * 6
    template = {
        "id": {"resourceType": "TASK", **identity},
        "type": "python",
        "metadata": {"runtime": {"type": "FLYTE_SDK", "version": "2.12.1"}, "retries": {}, "timeout": "600s"},
        "interface": {"inputs": {"variables": variables}, "outputs": {"variables": variables[:2]}},
        "container": {"image": "ghcr.io/example/flyte:py3.11-v2", "args": arguments},
    }
    spec = {"taskTemplate": template, "shortName": "task", "environment": {"name": "env"}}
    return json.dumps({"taskId": identity, "spec": spec}, indent=1).encode()


def main() -> None:
    data = Path(sys.argv[1]).read_bytes() if len(sys.argv) > 1 else sample()
    as_yaml = ryaml.dumps(json.loads(data)).encode()
    (request,) = read_manifest("bench", data, Format.JSON)
    assert isinstance(request, DeployTask)
    spec, version = request.spec, request.task_id.version
    canonical = encode_spec(spec)
    print(f"JSON {len(data)} bytes, YAML {len(as_yaml)} bytes, canonical form {len(canonical)} bytes")
    measure("read JSON", lambda: read_manifest("bench", data, Format.JSON))
    measure("read YAML", lambda: read_manifest("bench", as_yaml, Format.YAML))
    measure("encode the specification", lambda: encode_spec(spec))
    measure("digest", lambda: Digest.of(canonical))
    measure("fingerprint", lambda: fingerprint(spec, version))


if __name__ == "__main__":
    main()
