"""git as a store of blobs: `git hash-object -w`, as durable as git can be for a batch."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

OPTIONS = ("-c", "core.fsync=loose-object", "-c", "core.fsyncMethod=batch")


def is_there() -> bool:
    """Whether git is installed."""
    return shutil.which("git") is not None


def init(root: Path) -> None:
    """Make a repository in the new folder `root`."""
    subprocess.run(["git", "init", "-q", "--bare", str(root)], check=True)


def hash_objects(root: Path, files: list[Path]) -> None:
    """Store the files as loose objects, durably."""
    command = ["git", *OPTIONS, "--git-dir", str(root), "hash-object", "-w", "--stdin-paths"]
    subprocess.run(command, input="\n".join(map(str, files)), text=True, stdout=subprocess.DEVNULL, check=True)
