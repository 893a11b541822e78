"""What others see of a daemon: the service manager, Prometheus."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.daemon.plant import ROOT, Plant, manifest, until

SAMPLE = re.compile(r'taskstored_[a-z_]+\{inbox="[^"]*"(,outcome="[a-z]+")?\} [-0-9.e+]+')


def check_format(text: str) -> None:
    for line in text.splitlines():
        assert line.startswith(("# HELP taskstored_", "# TYPE taskstored_")) or SAMPLE.fullmatch(line), line


def test_the_service_manager_is_told(plant: Plant) -> None:
    address = plant.root / "n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        try:
            manager.bind(str(address))
        except OSError:
            pytest.skip("optional: the temporary folder's path is too long for a socket")
        manager.settimeout(20)
        daemon = plant.start(NOTIFY_SOCKET=str(address))
        assert b"READY=1" in manager.recv(1000)
        assert plant.stop(daemon) == 0
        told = b""
        while b"STOPPING=1" not in told:
            told = manager.recv(1000)


def test_metrics_in_a_file(plant: Plant) -> None:
    file = plant.root / "taskstored.prom"
    plant.start("--metrics", str(file))
    plant.drop("a.json", manifest("a"))
    plant.drop("b.json", "{")
    until(file.exists)
    until(lambda: 'outcome="created"} 1' in file.read_text())
    until(lambda: f'taskstored_refused_files{{inbox="{plant.inbox}"}} 1' in file.read_text())
    check_format(file.read_text())


def test_metrics_at_a_port(plant: Plant) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    daemon = plant.start("--metrics", str(port))
    address = f"http://127.0.0.1:{port}"
    with urllib.request.urlopen(f"{address}/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        check_format(answer.read().decode())
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{address}/other", timeout=10)
    (plant.root / "other").mkdir()
    second = plant.call("run", "--once", "--metrics", str(port), str(plant.root / "other"))
    assert second.returncode == 3
    assert plant.stop(daemon) == 0


def test_the_systemd_unit_is_valid(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("optional: systemd is not on this machine")
    unit = tmp_path / "taskstored.service"
    text = (ROOT / "daemon" / "taskstored.service").read_text()
    unit.write_text(text.replace("/usr/bin/taskstored", shutil.which("true") or "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False, timeout=60)
    assert "Unknown" not in done.stderr
    assert unit.name not in done.stderr
