"""Nothing about bundles needs a network, or as much as asks for one.

The tests of bundles run without any (`no_network` in `tests/conftest.py`; with a container registry, but for loopback).
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.network import can_be_taken_away

pytestmark = pytest.mark.usefixtures("no_network")
ROOT = Path(__file__).parent.parent.parent
PATIENCE = 120
EVERY_COMMAND = """
    set -e
    taskstore() { "$PYTHON" -m taskstore.cli.main "$@" >/dev/null; }
    ssh-keygen -q -t ed25519 -N "" -f key
    taskstore init upstream
    taskstore init site --signatures required
    echo "upstream $(cat key.pub)" >site/allowed_signers
    taskstore deploy --store upstream "$SAMPLES/00-project.yaml" "$SAMPLES/reports.yaml"
    taskstore bundle create --store upstream all.tar --sign key
    taskstore bundle inspect all.tar
    taskstore bundle verify --store site all.tar
    taskstore bundle apply --store site all.tar
    taskstore bundle receipt --store site receipt
    taskstore bundle create --store upstream delta.tar --receipt receipt --sign key
    taskstore bundle apply --store site delta.tar
    taskstore bundle create --store site own.tar --sign key
    rm -r site/objects/*
    taskstore repair --store site --from own.tar
    taskstore fsck --store site
"""


@pytest.mark.skipif(not can_be_taken_away(), reason="optional: this user may not make a network namespace")
def test_these_tests_have_no_network() -> None:
    with pytest.raises(OSError) as refused:
        socket.create_connection(("127.0.0.1", 9), timeout=1)
    assert refused.value.errno == errno.ENETUNREACH


def test_every_command_works_without_a_network(tmp_path: Path) -> None:
    done = _run(["bash", "-c", EVERY_COMMAND], tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not shutil.which("strace"), reason="optional: needs the Debian package strace")
def test_no_command_asks_for_a_network(tmp_path: Path) -> None:
    """Every socket is one of this machine, by which the system is asked for names of users."""
    calls = tmp_path / "calls"
    done = _run(["strace", "-f", "-qq", "-e", "trace=socket", "-o", str(calls), "bash", "-c", EVERY_COMMAND], tmp_path)
    assert done.returncode == 0, done.stderr
    elsewhere = [call for call in calls.read_text().splitlines() if "socket(" in call and "AF_UNIX" not in call]
    assert elsewhere == []


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    packages = os.pathsep.join(str(ROOT / part) for part in ("", "daemon", "specs"))
    environment = {**os.environ, "PYTHONPATH": packages, "PYTHON": sys.executable, "SAMPLES": str(ROOT / "samples")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE)
