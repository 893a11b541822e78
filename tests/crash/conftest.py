"""Stopping and failing real programs at every system call, and cutting the power under a real filesystem."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BEGIN = "getppid"
"""The call by which a worker says that faults may begin."""
MUTATING = (
    "fdatasync", "flock", "fsync", "ftruncate", "link", "linkat", "mkdir", "mkdirat", "open", "openat", "pwrite64",
    "rename", "renameat", "renameat2", "rmdir", "syncfs", "unlink", "unlinkat", "write",
)  # fmt: skip
"""The system calls that change a disk or a lock; of the opening ones only those that may create a file."""

_KERNELS = re.compile(r'"/(proc|sys)/')
_CALL = re.compile(r"^(\d+) +(\w+)\((.*)$")
_SHUTDOWN, _WITHOUT_FLUSHING = 0x8004587D, 2
"""EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN are one number, and so is the flag that keeps the log back (xfs_fs.h)."""


ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(str(ROOT / folder) for folder in (".", "daemon", "specs")),
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""A worker's: it imports this checkout, and writes no caches while its calls are counted."""


class Faults:
    """Runs a program and stops it, or fails it, at one system call of its own."""

    environment = ENVIRONMENT

    def __init__(self, folder: Path) -> None:
        self._log = folder / "strace.log"

    def count(self, command: Sequence[str], notes: Path) -> list[tuple[str, int]]:
        """The mutating calls that the program makes once it began: each a name, and which of that name it is.

        Left out are those on the file `notes` and on stdout and stderr, and those of other threads, as strace counts
        the calls of each thread.
        """
        self._trace(command, ["-y"])
        seen: dict[str, int] = {}
        places, begun = [], False
        lines = self._log.read_text("utf-8", "replace").splitlines()
        for line in lines:
            call = _CALL.match(line)
            if call is None or call[1] != lines[0].split()[0]:
                continue
            _, name, arguments = call.groups()
            seen[name] = seen.get(name, 0) + 1
            begun = begun or name == BEGIN
            creates = not name.startswith("open") or "O_CREAT" in arguments
            spoken = name == "write" and arguments.startswith(("1<", "2<"))
            if begun and name in MUTATING and creates and not spoken and str(notes) not in arguments:
                places.append((name, seen[name]))
        return places

    def run(self, command: Sequence[str], place: tuple[str, int], fault: str) -> subprocess.CompletedProcess[str]:
        """Run the program with `fault` at `place`: `signal=KILL`, `error=EIO`, `error=ENOSPC` and the like."""
        name, number = place
        return self._trace(command, ["-e", f"inject={name}:{fault}:when={number}"])

    @property
    def strayed(self) -> bool:
        """Whether the last fault met a file of the kernel's: calls do not always come about in the order in which they
        were counted, and DuckDB aborts where it cannot read how many processors there are."""
        log = self._log.read_text("utf-8", "replace")
        return any("(INJECTED)" in line and _KERNELS.search(line) for line in log.splitlines())

    def _trace(self, command: Sequence[str], options: Sequence[str]) -> subprocess.CompletedProcess[str]:
        traced = ",".join((BEGIN, *MUTATING))
        return subprocess.run(
            ["strace", "-f", "-qq", "-o", str(self._log), "-e", f"trace={traced}", *options, *command],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture
def faults(tmp_path: Path) -> Faults:
    """Needs strace, and leave to trace."""
    if (
        shutil.which("strace") is None
        or subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], check=False).returncode
    ):
        pytest.skip("optional: strace is not installed or may not trace")
    folder = tmp_path / "faults"
    folder.mkdir()
    return Faults(folder)


class PoweredDisk:
    """A filesystem in a file, whose power can be cut: what was not synced is lost."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.image, self.root = folder / "image", folder / "mounted"
        self.root.mkdir()
        with self.image.open("wb") as file:
            file.truncate(SIZES[kind])
        subprocess.run([f"mkfs.{kind}", "-q", str(self.image)], check=True)
        self.power_on()

    def power_on(self, options: str = "rw") -> None:
        """Mount it, which replays its log."""
        subprocess.run(["mount", "-o", f"loop,{options}", str(self.image), str(self.root)], check=True)

    def cut(self) -> None:
        """Shut the filesystem down without writing anything more, its log included."""
        descriptor = os.open(self.root, os.O_RDONLY)
        fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _WITHOUT_FLUSHING))
        os.close(descriptor)

    def power_off(self) -> None:
        """Unmount it, and wait until nobody has it mounted: another mount namespace may have copied ours meanwhile.

        Mounting it before that would give the same filesystem back, still shut down and without its log replayed.
        """
        subprocess.run(["umount", str(self.root)], check=True)
        deadline = time.monotonic() + 30
        while subprocess.run(["losetup", "-j", str(self.image)], check=True, capture_output=True).stdout:
            assert time.monotonic() < deadline, f"{self.image} stays mounted somewhere"
            time.sleep(0.01)


SIZES = {"ext4": 64 << 20, "xfs": 320 << 20}


@pytest.fixture(params=SIZES)
def powered_disk(request: pytest.FixtureRequest) -> Iterator[PoweredDisk]:
    """Needs root, a loop device and mkfs."""
    if os.geteuid() != 0 or shutil.which(f"mkfs.{request.param}") is None:
        pytest.skip(f"optional: needs root and mkfs.{request.param}")
    # Not below pytest's own folder, from which other runs clear what they think was left.
    with tempfile.TemporaryDirectory(prefix="taskstore-power-") as folder:
        try:
            disk = PoweredDisk(Path(folder), request.param)
        except subprocess.CalledProcessError:
            pytest.skip(f"optional: this machine mounts no {request.param} image")
        yield disk
        disk.power_off()
