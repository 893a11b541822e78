"""Other programs carry a bundle unchanged: skopeo into a real container registry and back."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskstore.bundle import opened
from tests.bundle_stores import content_of, deploy, facts_of, new_store, send, take

PATIENCE = 60

pytestmark = pytest.mark.usefixtures("only_loopback")
needs_registry = pytest.mark.skipif(
    not (shutil.which("skopeo") and shutil.which("docker-registry")),
    reason="needs the Debian packages skopeo and docker-registry",
)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """The address of a real container registry on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    config = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "registry")}},
        "http": {"addr": address},
    }
    (tmp_path / "registry.json").write_text(json.dumps(config))
    command = ["docker-registry", "serve", str(tmp_path / "registry.json")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        _wait_for(address)
        yield address
        running.terminate()


def _wait_for(address: str) -> None:
    host, _, port = address.partition(":")
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "the registry does not answer"
            time.sleep(0.05)


def _copy(source: str, target: str, tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    options = ["--policy", str(tmp_path / "policy.json"), "--insecure-policy"]
    tls = ["--src-tls-verify=false", "--dest-tls-verify=false"]
    done = subprocess.run(
        ["skopeo", *options, "copy", *tls, source, target], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr


@needs_registry
def test_a_container_registry_carries_a_bundle_unchanged(registry: str, tmp_path: Path) -> None:
    with new_store(tmp_path / "upstream", projects=["p"]) as upstream, new_store(tmp_path / "site") as site:
        deploy(upstream, "a", "v1", "one", "daily")
        deploy(upstream, "b", "v1", "two")
        (sent,) = send(upstream, tmp_path / "sent.tar")
        _copy(f"oci-archive:{sent}", f"docker://{registry}/stores/upstream:monday", tmp_path)
        _copy(f"docker://{registry}/stores/upstream:monday", f"oci-archive:{tmp_path / 'back.tar'}:monday", tmp_path)
        with opened([sent]) as (before,), opened([tmp_path / "back.tar"]) as (after,):
            assert (after.digest, after.config) == (before.digest, before.config)
        assert take(site, tmp_path / "back.tar").taken == take(site, sent).known
        assert (content_of(site), facts_of(site)) == (content_of(upstream), facts_of(upstream))


@needs_registry
def test_a_registry_carries_a_bundle_without_facts(registry: str, tmp_path: Path) -> None:
    with new_store(tmp_path / "upstream") as upstream, new_store(tmp_path / "site") as site:
        (sent,) = send(upstream, tmp_path / "sent.tar")
        _copy(f"oci-archive:{sent}", f"docker://{registry}/stores/empty:v1", tmp_path)
        _copy(f"docker://{registry}/stores/empty:v1", f"oci-archive:{tmp_path / 'back.tar'}:v1", tmp_path)
        assert take(site, tmp_path / "back.tar").taken == 0
