"""Filesystems of a test's own. They need root, and a machine that lets it mount; elsewhere the test skips."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.daemon.plant import until


@contextmanager
def mounted(target: Path, *arguments: str | Path, program: str = "mount") -> Iterator[None]:
    """`mount ARGUMENTS TARGET`, until the block ends, or until `unmount` is called in it."""
    if os.geteuid() != 0 or shutil.which(program) is None:
        pytest.skip(f"optional: it needs root and {program}")
    target.mkdir(exist_ok=True)
    if subprocess.run([program, *arguments, target], check=False, capture_output=True).returncode:
        pytest.skip(f"optional: this machine refuses {program} {' '.join(map(str, arguments))}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", target], check=False, capture_output=True)


def unmount(target: Path) -> None:
    """Unmount what `mounted` has mounted, once nobody is in it just now."""
    command = ["umount", str(target)]
    until(lambda: subprocess.run(command, check=False, capture_output=True).returncode == 0, "unmounted")


def fill(folder: Path) -> Path:
    """Fill up the filesystem of `folder`; the file that takes all the room."""
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb", 0) as file:
        while file.write(b"\0" * 4096):
            pass
    return filler
