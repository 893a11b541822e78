"""A real daemon on a real folder, and fresh processes that list what was dropped into it."""

from __future__ import annotations

import os
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import workload
from programs import environment, taskstored

from taskstore import Store, TaskQuery
from taskstore.journal.changes import TaskChange
from taskstore.journal.entry import Head

PATIENCE = 120.0
SETTLE = 3.0
_LOOK = 0.001
_TIME = struct.Struct("d")


class Watched:
    """A store at `root`, and the folder `inbox` that is watched for it."""

    def __init__(self, root: Path, inbox: Path) -> None:
        self.root, self.inbox = root, inbox
        inbox.mkdir()
        Store.init(root, projects=[workload.PROJECT]).close()

    @contextmanager
    def daemon(self) -> Iterator[int]:
        """A running daemon, given time to become idle; its process id."""
        command = taskstored("run", self.inbox)
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, env=environment(self.root), stdout=quiet, stderr=quiet)
        try:
            time.sleep(SETTLE)
            yield process.pid
        finally:
            process.terminate()
            process.wait()

    def until_recorded(self, count: int) -> None:
        """Wait until the journal, whose reading disturbs nobody, records so many deploys. Raises RuntimeError."""
        with Store.open(self.root) as store:
            deadline, head, deployed = time.monotonic() + PATIENCE, None, 0
            while deployed < count:
                if time.monotonic() > deadline:
                    raise RuntimeError("the daemon did not come to an end")
                time.sleep(_LOOK)
                for entry, digest in store.journal.entries(after=head):
                    head = Head(entry.sequence, digest, entry.committed_at)
                    deployed += sum(isinstance(change, TaskChange) for change in entry.changes)

    def listed_after(self, path: Path, name: str, folder: str = "") -> float:
        """Drop the file `path` of the task `name` into a folder of the inbox; milliseconds from then until a fresh
        process has listed the task. Raises RuntimeError.

        The process has all imported before, as its own start is not what is measured, but opened nothing: it is forked.
        It lists whenever the journal has grown, and what it takes to open the index and to list counts.
        """
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            try:
                self._tell_when_listed(name, writing)
            finally:
                os._exit(0)
        os.close(writing)
        os.read(reading, 1)
        begun = time.perf_counter()
        path.rename(self.inbox / folder / path.name)
        told = os.read(reading, _TIME.size)
        os.close(reading)
        os.waitpid(child, 0)
        if not told:
            raise RuntimeError(f"{name} was never listed")
        return 1000 * (_TIME.unpack(told)[0] - begun)

    def _tell_when_listed(self, name: str, writing: int) -> None:
        with Store.open(self.root) as store:
            deadline, head = time.monotonic() + PATIENCE, store.journal.head()
            os.write(writing, b"!")
            query = TaskQuery(project=workload.PROJECT, domain=workload.DOMAIN, name=name, limit=1)
            while time.monotonic() < deadline:
                before, head = head, store.journal.head(head)
                if head == before:
                    time.sleep(_LOOK)
                elif store.list_tasks(query).tasks:
                    os.write(writing, _TIME.pack(time.perf_counter()))
                    return
                else:
                    store.close()


def processor_seconds(pid: int) -> float:
    """What a process has taken of the processor (proc_pid_stat(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int) -> float:
    """What of a process is resident."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
