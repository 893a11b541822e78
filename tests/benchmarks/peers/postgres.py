"""A PostgreSQL server of our own, durable as it comes (`fsync` and `synchronous_commit` on), and pgbench against it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

VERSION = "15"
SCRIPTS = Path(__file__).parent
SPEC_BYTES = 1_536
SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "2GB",
    "work_mem": "64MB",
    "max_wal_size": "4GB",
}
"""Beyond the defaults only memory, of which it gets more than taskstore ever takes."""

_SOCKETS = "sockets"
_TPS = re.compile(r"tps = ([\d.]+) \(without initial connection time\)")
_LATENCY = re.compile(r"latency average = ([\d.]+) ms")


def programs() -> Path | None:
    """The folder of PostgreSQL's programs; installs Debian's package if there is none and this is root."""
    folder = Path(f"/usr/lib/postgresql/{VERSION}/bin")
    if not folder.is_dir() and os.geteuid() == 0 and shutil.which("apt-get"):
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-q", "-y", f"postgresql-{VERSION}"]):
            subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=False)
    if folder.is_dir():
        return folder
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found and shutil.which("pgbench") else None


class Postgres:
    """A server in the new folder `root`, reached by a socket in it. `stop` it at the end."""

    def __init__(self, bin: Path, root: Path) -> None:
        self._bin, self._root, self._data = bin, root, root / "data"
        root.mkdir()
        (root / _SOCKETS).mkdir()
        self._as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._as_owner:
            for folder in (root, root / _SOCKETS):
                shutil.chown(folder, "postgres")
        self._call("initdb", "-D", str(self._data), "-A", "trust", "-U", "bench", "--no-locale", "-E", "UTF8")
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        options += f" -c unix_socket_directories={root / _SOCKETS}"
        self._call("pg_ctl", "-D", str(self._data), "-w", "-l", str(root / "log"), "-o", options, "start")

    def stop(self) -> None:
        """End the server."""
        self._call("pg_ctl", "-D", str(self._data), "-m", "fast", "-w", "stop")

    def create(self, database: str) -> None:
        """Make a database with Flyte's tables."""
        self._call("createdb", *self._where, database)
        self.run(database, "schema.sql")

    def run(self, database: str, script: str, **variables: int) -> None:
        """Run a script of this folder."""
        given = [part for name, value in variables.items() for part in ("-v", f"{name}={value}")]
        self._call("psql", *self._where, "-q", "-v", "ON_ERROR_STOP=1", *given, "-f", str(SCRIPTS / script), database)

    def durability(self) -> str:
        """The server's own word on how durable it is."""
        shown = [
            self._call("psql", *self._where, "-At", "-c", f"SHOW {name}", "postgres").strip() for name in _PROMISES
        ]
        return ", ".join(f"{name}={value}" for name, value in zip(_PROMISES, shown, strict=True))

    def deploys_per_second(self, database: str, clients: int, count: int, first: int) -> float:
        """Deploy `count` tasks, numbered from `first` for each client, with prepared statements."""
        each = count // clients
        spec = "\\x" + os.urandom(SPEC_BYTES).hex()
        given = ["-D", f"number={first}", "-D", f"spec={spec}", "-D", "revision=0"]
        output = self._pgbench(
            database, "deploy.sql", ["-c", str(clients), "-j", str(clients), "-t", str(each), *given]
        )
        return float(_found(_TPS, output))

    def milliseconds(self, database: str, script: str, times: int) -> float:
        """How long a query of this folder takes on average, prepared, after one run that warms it up."""
        self._pgbench(database, script, ["-t", "1"])
        return float(_found(_LATENCY, self._pgbench(database, script, ["-t", str(times)])))

    @property
    def _where(self) -> Sequence[str]:
        return ("-h", str(self._root / _SOCKETS), "-U", "bench")

    def _pgbench(self, database: str, script: str, options: Sequence[str]) -> str:
        return self._call(
            "pgbench", *self._where, "-n", "-M", "prepared", *options, "-f", str(SCRIPTS / script), database
        )

    def _call(self, program: str, *arguments: str) -> str:
        command = [*self._as_owner, str(self._bin / program), *arguments]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr or done.stdout}")
        return done.stdout


_PROMISES = ("fsync", "synchronous_commit", "full_page_writes")


def _found(pattern: re.Pattern[str], output: str) -> str:
    match = pattern.search(output)
    if match is None:
        raise RuntimeError(f"pgbench said: {output}")
    return match[1]
