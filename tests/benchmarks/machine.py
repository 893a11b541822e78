"""What the figures were taken on: the kind of machine, never its name or its folders."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

_LIBRARIES = ("duckdb", "msgspec", "blake3", "ryaml", "click")


def describe(folder: Path, postgres: str | None) -> list[str]:
    """Facts about the machine, the disk of `folder` and the programs, one a line."""
    return [
        f"Processor: {_processor()}, {os.cpu_count()} cores; memory: {_memory()}; load before the run: "
        f"{os.getloadavg()[0]:.1f}",
        f"System: {platform.system()} {'.'.join(platform.release().split('.')[:2])}, filesystem {_filesystem(folder)}",
        f"Python {platform.python_version()}; {', '.join(f'{name} {version(name)}' for name in _LIBRARIES)}",
        f"PostgreSQL: {postgres or 'not there, its figures are left out'}",
        f"git: {_git()}, core.fsync=loose-object, core.fsyncMethod=batch",
        "taskstore: durability cannot be switched off",
    ]


def _processor() -> str:
    found = re.search(r"model name\s*: (.*)", _text("/proc/cpuinfo"))
    return found[1].strip() if found else platform.machine()


def _memory() -> str:
    found = re.search(r"MemTotal:\s*(\d+) kB", _text("/proc/meminfo"))
    return f"{int(found[1]) / 1024**2:.0f} GiB" if found else "unknown"


def _filesystem(folder: Path) -> str:
    best, kind = "", "unknown"
    for line in _text("/proc/mounts").splitlines():
        _, mount, type_, *_ = line.split()
        if str(folder).startswith(mount) and len(mount) >= len(best):
            best, kind = mount, type_
    return kind


def _git() -> str:
    try:
        return subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    except (OSError, subprocess.CalledProcessError):
        return "not there, its figures are left out"


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
