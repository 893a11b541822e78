"""Running the real program, as a process, in a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "samples"
TASKSTORE = [sys.executable, "-m", "taskstore.cli.main"]
TASKSTORED = [sys.executable, "-m", "taskstore_daemon.main"]
PATIENCE = 60


@dataclass(frozen=True)
class Run:
    """How a process ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its stdout, which must be one JSON document."""
        return json.loads(self.out)


def clean_environment(**added: str) -> dict[str, str]:
    """This process's environment without what our programs heed, with the packages of this checkout, and `added`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TASKSTORE_")}
    packages = os.pathsep.join(str(ROOT / part) for part in ("", "daemon", "specs"))
    return {**kept, "PYTHONPATH": packages, **added}


def run_program(program: list[str], *arguments: str | Path, cwd: Path, stdin: bytes = b"", **environ: str) -> Run:
    """Run a program of ours to its end; `environ` is added to a clean environment."""
    command = [*program, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=cwd, input=stdin, capture_output=True, env=clean_environment(**environ), timeout=PATIENCE
    )
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


def runner_in(folder: Path, program: list[str] = TASKSTORE) -> Callable[..., Run]:
    """What runs a program in `folder`, unless told another one."""

    def run(*arguments: str | Path, cwd: Path = folder, stdin: bytes = b"", **environ: str) -> Run:
        return run_program(program, *arguments, cwd=cwd, stdin=stdin, **environ)

    return run


@pytest.fixture
def taskstore(tmp_path: Path) -> Callable[..., Run]:
    """`taskstore`, run in an empty folder; `stdin` is bytes, other named arguments are environment variables."""
    return runner_in(tmp_path)


@pytest.fixture(scope="session")
def deployed_samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the good samples deployed; to be copied, not used."""
    folder = tmp_path_factory.mktemp("deployed")
    good = sorted(path for path in SAMPLES.iterdir() if path.suffix in (".yaml", ".json", ".toml"))
    run = runner_in(folder)
    assert run("init", "store").code == 0
    deployed = run("deploy", "--store", "store", *(path for path in good if path.stem != "broken"))
    assert deployed.code == 0, deployed.err
    return folder / "store"


@pytest.fixture
def store(deployed_samples: Path, tmp_path: Path) -> Path:
    """A store of one's own, with the good samples deployed."""
    return Path(shutil.copytree(deployed_samples, tmp_path / "store"))


@pytest.fixture
def registry(store: Path) -> Callable[..., Run]:
    """`taskstore`, run in a store with the good samples deployed."""
    return runner_in(store)


@pytest.fixture
def taskstored(store: Path) -> Callable[..., Run]:
    """`taskstored`, run in a store with the good samples deployed."""
    return runner_in(store, TASKSTORED)


@pytest.fixture
def process(store: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `taskstore` in the same store and leave it running; it is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        command = [*TASKSTORE, *arguments]
        running = subprocess.Popen(
            command,
            cwd=store,
            env=clean_environment(),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
            # A suite that was started in the background ignores interrupts, and so would all that it starts.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )
        started.append(running)
        return running

    yield start
    for running in started:
        with running:
            running.kill()
