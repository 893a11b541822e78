"""The main job, for a person to watch: a store, a watched inbox, manifests dropped in, and what became of them.

Runs the real programs in a temporary folder, which is removed afterwards. Exits with 1, saying why, if anything is not
as it should be.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SAMPLES = Path(__file__).parent.absolute()
MANIFESTS = sorted(str(path) for path in SAMPLES.iterdir() if path.suffix in (".yaml", ".json", ".toml"))
PROGRAMS = Path(sys.executable).parent
PATIENCE = 30.0
TASK = "flytesnacks/development/core.control_flow.run_merge_sort"
EXPECTED = {
    "core.control_flow.run_merge_sort": "v2",
    "housekeeping.rotate_logs": "1.10",
    "models.retrain": "2026.3",
    "reports.collect": "7",
    "reports.send": "7",
}


class DemoError(Exception):
    """Something is not as it should be."""


def show(*command: str, shown: str = "") -> None:
    """Run a program as a person would, its command line (or `shown`) first. Raises DemoError when it fails."""
    print(f"\n$ {shown or shlex.join(command)}", flush=True)
    code = subprocess.run([PROGRAMS / command[0], *command[1:]], check=False).returncode
    if code != 0:
        raise DemoError(f"{command[0]} {command[1]} exited with {code}")


def ask(*command: str) -> dict[str, list[dict[str, str]]]:
    """The JSON that a program answers."""
    run = subprocess.run([PROGRAMS / command[0], *command[1:], "--json"], capture_output=True, check=True, text=True)
    answer: dict[str, list[dict[str, str]]] = json.loads(run.stdout)
    return answer


@contextlib.contextmanager
def watching(inbox: str) -> Iterator[None]:
    """`taskstored` watching the folder meanwhile; it must end cleanly when asked to."""
    print(f"\n$ taskstored run {inbox} &", flush=True)
    with Path("taskstored.log").open("wb") as log:
        daemon = subprocess.Popen([PROGRAMS / "taskstored", "run", inbox], stderr=log, stdout=log)
        try:
            yield
            if daemon.poll() is not None:
                raise DemoError(f"taskstored ended by itself with {daemon.returncode}")
        finally:
            daemon.send_signal(signal.SIGTERM)
            code = daemon.wait(PATIENCE)
    if code != 0:
        raise DemoError(f"taskstored ended with {code}:\n{Path('taskstored.log').read_text()}")


def wait_for(refusal: Path) -> None:
    """Until everything that was dropped has been taken or refused."""
    deadline = time.monotonic() + PATIENCE
    found: dict[str, str] = {}
    while time.monotonic() < deadline:
        found = {task["name"]: task["version"] for task in ask("taskstore", "list")["tasks"]}
        if found == EXPECTED and refusal.exists():
            return
        time.sleep(0.1)
    raise DemoError(f"after {PATIENCE:.0f} s: {found}\n{Path('taskstored.log').read_text()}")


def run_demo() -> None:
    """The demo itself, in the current folder."""
    os.environ["TASKSTORE_HOME"] = "registry"
    inbox = Path("inbox")
    inbox.mkdir()
    show("taskstore", "init", "registry")
    with watching("inbox"):
        show("taskstored", "drop", *MANIFESTS, "inbox", shown=f"taskstored drop {SAMPLES.name}/* inbox")
        wait_for(inbox / "broken.yaml.error.txt")
        show("taskstore", "list")
        show("taskstore", "versions", TASK)
        show("taskstore", "show", TASK)
        show("taskstore", "trigger", "list")
        print("\n$ cat inbox/broken.yaml.error.txt")
        print((inbox / "broken.yaml.error.txt").read_text(), end="")
    show("taskstore", "status")


def main() -> int:
    """Run the demo in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="taskstore-demo-") as folder, contextlib.chdir(folder):
        try:
            run_demo()
        except (DemoError, subprocess.CalledProcessError) as error:
            print(f"\nThe demo failed: {error}", file=sys.stderr)
            return 1
    print("\nThe demo is over; its folder is gone.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
