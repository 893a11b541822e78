"""Real daemons on real folders: each test starts `taskstored` as a process, and looks at what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from taskstore.index.queries import TriggerQuery
from taskstore.journal.changes import TaskChange
from taskstore.store.store import Store
from taskstore_specs.digest import Digest

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60.0
AS_ANYBODY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-lease"] if os.geteuid() == 0 else []
"""In front of a program: takes from it root's rights to read every file and to ask the kernel who writes to one."""
T = TypeVar("T")


def manifest(name: str, version: str = "v1", *, image: str = "python:3.12", project: str = "plant") -> str:
    """A manifest of one task."""
    identity = {"project": project, "domain": "production", "name": name, "version": version}
    template = {"type": "python", "container": {"image": image}}
    return json.dumps({"task_id": identity, "spec": {"task_template": template}})


def scheduled(name: str) -> str:
    """A manifest of one task with a trigger."""
    request = json.loads(manifest(name))
    automation = {"schedule": {"cron": {"expression": "0 2 * * *"}}}
    request["triggers"] = [{"name": "nightly", "spec": {"active": True}, "automation_spec": automation}]
    return json.dumps(request)


def until(condition: Callable[[], T | None], what: str | Callable[[], str] = "") -> T:
    """Wait until `condition` answers with something true, and return that; `what` it is for, should it never come."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"it never came to be: {what() if callable(what) else what or condition}"
        time.sleep(0.02)


class Plant:
    """A store with the project `plant`, an inbox, and the daemons that watch it."""

    def __init__(self, folder: Path, *, store: Path | None = None, **policies: Any) -> None:
        self.root = folder
        self.inbox = folder / "inbox"
        self.inbox.mkdir(parents=True)
        self.store = Store.init(store or folder / "store", projects=["plant"], **policies)
        self.log = folder / "daemon.log"
        self.running: list[subprocess.Popen[bytes]] = []
        self.defect = ""
        """What is broken on purpose in the daemons; see `defective.py`."""

    def command(self, *arguments: str) -> list[str]:
        if self.defect:
            return [sys.executable, str(Path(__file__).with_name("defective.py")), self.defect, *arguments]
        return [sys.executable, "-m", "taskstore_daemon.main", *arguments]

    def environment(self) -> dict[str, str]:
        paths = os.pathsep.join(str(ROOT / part) for part in (".", "daemon", "specs"))
        return {**os.environ, "PYTHONPATH": paths, "TASKSTORE_HOME": str(self.store.root)}

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `taskstored` to its end."""
        return subprocess.run(
            self.command(*arguments), env=self.environment(), capture_output=True, text=True, timeout=60, check=False
        )

    def launch(
        self, *options: str, inbox: Path | None = None, wrapper: Sequence[str] = (), **environ: str
    ) -> subprocess.Popen[bytes]:
        """Start a daemon, and wait for nothing."""
        with self.log.open("ab") as log:
            command = [*wrapper, *self.command("run", str(inbox or self.inbox), "--rescan", "0.2", *options)]
            daemon = subprocess.Popen(command, env=self.environment() | environ, stderr=log, stdout=log)
        self.running.append(daemon)
        return daemon

    def start(
        self, *options: str, inbox: Path | None = None, wrapper: Sequence[str] = (), **environ: str
    ) -> subprocess.Popen[bytes]:
        """Start a daemon and wait until it has scanned the inbox."""
        daemon = self.launch(*options, inbox=inbox, wrapper=wrapper, **environ)
        until(lambda: daemon.poll() is not None or self.health().get("pid") == daemon.pid, "started")
        return daemon

    def stop(self, daemon: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> int:
        """End a daemon; its exit code."""
        daemon.send_signal(number)
        code = daemon.wait(PATIENCE)
        self.running.remove(daemon)
        return code

    def kill_all(self) -> None:
        for daemon in self.running:
            daemon.kill()
            daemon.wait()

    def drop(self, name: str, text: str | bytes) -> Path:
        """Put a file into the inbox by renaming it into place."""
        target = self.inbox / name
        target.parent.mkdir(parents=True, exist_ok=True)
        source = self.root / f"outside-{time.monotonic_ns()}"
        source.write_bytes(text if isinstance(text, bytes) else text.encode())
        source.rename(target)
        return target

    def deploys(self) -> list[str]:
        """Every deploy that the journal records, in order, as `name@version`."""
        changes = [change for entry, _ in self.store.journal.entries() for change in entry.changes]
        return [f"{change.name}@{change.version}" for change in changes if isinstance(change, TaskChange)]

    def sequence(self) -> int:
        """How many entries the journal has."""
        return self.store.journal.head().sequence

    def receipt(self, path: str) -> dict[str, Any] | None:
        """The JSON receipt of a file."""
        place = self.inbox / "receipts" / f"{path}.json"
        return json.loads(place.read_text()) if place.exists() else None

    def health(self) -> dict[str, Any]:
        """What the daemon last told of itself."""
        files = list((self.store.root / "locks").glob("inbox-*.json"))
        return json.loads(files[0].read_text()) if files else {}

    def settled(self, path: str) -> dict[str, Any]:
        """The receipt of a file, once there is one for what it holds now."""
        content = str(Digest.of((self.inbox / path).read_bytes()))

        def found() -> dict[str, Any] | None:
            assert all(daemon.poll() is None for daemon in self.running), self.log.read_text()
            receipt = self.receipt(path)
            return receipt if receipt and receipt["content"] == content else None

        return until(found, lambda: f"a receipt for {path}; the log:\n{self.log.read_text()}")


def triggers(plant: Plant) -> list[str]:
    """The tasks whose trigger is not deleted."""
    return sorted(row.task_name for row in plant.store.list_triggers(TriggerQuery()).triggers)


def scanned_again(plant: Plant, *, times: int) -> None:
    """Wait until the daemon, which scans every 0.2 seconds, has scanned everything so many times more."""
    since = datetime.now(UTC) + times * timedelta(seconds=0.25)
    until(lambda: datetime.fromisoformat(plant.health()["last_scan_at"]) > since, "scans")
