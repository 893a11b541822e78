"""The real programs, run as processes, with the time that they take and the memory that they come to."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_BIN = Path(sys.executable).parent


def taskstore(*arguments: str | Path) -> list[str]:
    """The command line of `taskstore`."""
    return [str(_BIN / "taskstore"), *map(str, arguments)]


def taskstored(*arguments: str | Path) -> list[str]:
    """The command line of `taskstored`."""
    return [str(_BIN / "taskstored"), *map(str, arguments)]


def python(code: str) -> list[str]:
    """The command line that runs `code`."""
    return [sys.executable, "-c", code]


def program(path: Path) -> list[str]:
    """The command line that runs a Python file."""
    return [sys.executable, str(path)]


def run_time(command: Sequence[str], store: Path | None = None, **environ: str) -> float:
    """Milliseconds that a program takes from start to end, its output thrown away. Raises CalledProcessError."""
    begun = time.perf_counter()
    subprocess.run(command, env=environment(store) | environ, check=True, **_QUIET)
    return 1000 * (time.perf_counter() - begun)


def peak_megabytes(command: Sequence[str], store: Path) -> float:
    """The most memory that was resident in a program. Raises CalledProcessError.

    A small process starts it and asks: the kernel counts what the process that starts a program has resident, too.
    """
    asked = subprocess.run(
        [*python(_LAUNCHER), *command], env=environment(store), check=True, capture_output=True, text=True
    )
    return int(asked.stdout) / 1024


def environment(store: Path | None) -> dict[str, str]:
    """The environment of a program that works on `store`; bytecode is cached, as where a package is installed."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**environ, "TASKSTORE_HOME": str(store)} if store else environ


_QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
_LAUNCHER = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
