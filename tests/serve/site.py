"""A store served by a real process, and the programs that use it: the stock `flyte`, `taskstore`, plain HTTP."""

from __future__ import annotations

import ast
import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from taskstore.plan.deploy import VersionPolicy
from taskstore.store.store import Store

ROOT = Path(__file__).parent.parent.parent
PROGRAMS = Path(__file__).parent / "programs"
PROJECT, DOMAIN = "flytesnacks", "development"
FLYTE = Path(sys.executable).with_name("flyte")
PATIENCE = 60
_ANSI = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@dataclass(frozen=True)
class Run:
    """How a process ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its stdout as plain values; `flyte -of json` prints lists as Python has them."""
        try:
            return json.loads(self.out)
        except ValueError:
            return ast.literal_eval(self.out)

    @property
    def text(self) -> str:
        """All that it said, without colours and frames, on one line."""
        return " ".join(re.sub(r"[│╭╮╰╯─]", " ", self.out + self.err).split())


@dataclass(frozen=True)
class Answer:
    """What the server answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The Connect error code."""
        return str(self.json["code"])

    @property
    def message(self) -> str:
        """The Connect error message."""
        return str(self.json["message"])


def environment(**added: str) -> dict[str, str]:
    """This process's environment, without what the programs heed, reporting to nobody and in no colour."""
    names = ("TASKSTORE_", "FLYTE", "FORCE_COLOR", "CLICOLOR")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    packages = os.pathsep.join(str(ROOT / part) for part in ("", "daemon", "specs"))
    plain = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "500", "DO_NOT_TRACK": "1"}
    return {**kept, **plain, "PYTHONPATH": packages, **added}


def run(*command: str | Path, cwd: Path, stdin: bytes = b"", **environ: str) -> Run:
    """Run a program to its end."""
    done = subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env=environment(**environ),
        timeout=PATIENCE,
        check=False,
    )
    out, err = (_ANSI.sub("", stream.decode()) for stream in (done.stdout, done.stderr))
    return Run(done.returncode, out, err)


def taskstore(*arguments: str | Path, cwd: Path, stdin: bytes = b"") -> Run:
    """Run `taskstore`."""
    return run(sys.executable, "-m", "taskstore.cli.main", *arguments, cwd=cwd, stdin=stdin)


def request(method: str, url: str, body: bytes, *, tls: ssl.SSLContext | None = None, **headers: str) -> Answer:
    """An HTTP request; underscores in header names stand for dashes."""
    parts = urlsplit(url)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(parts.netloc, context=tls, timeout=PATIENCE)
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, parts.path, body=body, headers=named)
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def call(url: str, method: str, document: Any, *, tls: ssl.SSLContext | None = None, **headers: str) -> Answer:
    """Call `Service/Method` of flyteidl2 at `url`, in JSON unless the document is bytes and the headers say so."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return request(
        "POST", f"{url}/flyteidl2.{method}", body, tls=tls, **{"content_type": "application/json", **headers}
    )


class Serving:
    """`taskstored serve` as a process, on a free port of this machine unless told otherwise."""

    def __init__(self, folder: Path, *options: str | Path, command: str = "serve") -> None:
        listen = () if "--listen" in options else ("--listen", "127.0.0.1:0")
        arguments = [sys.executable, "-m", "taskstore_daemon.main", command, *listen, "--log", "json", *options]
        self.process = subprocess.Popen(
            [*map(str, arguments)], cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True
        )
        self.log: list[dict[str, Any]] = []
        self._serving = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._serving.wait(PATIENCE)
        served = [line for line in self.log if line.get("event") == "serving"]
        assert served, self.log
        self.url: str = served[0]["url"]

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(json.loads(line) if line.startswith("{") else {"text": line.rstrip()})
            if self.log[-1].get("event") == "serving":
                self._serving.set()
        self._serving.set()

    def stop(self) -> int:
        """End it as a service manager does; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


@dataclass
class Site:
    """A store with the project `flytesnacks`, served."""

    folder: Path
    versions: VersionPolicy = VersionPolicy.MUTABLE
    serve_options: tuple[str | Path, ...] = ()
    tls: ssl.SSLContext | None = None
    serving: Serving = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.store = self.folder / "store"
        if not self.store.exists():
            Store.init(self.store, projects=[PROJECT], versions=self.versions).close()
        self.serving = Serving(self.folder, "--store", self.store, *self.serve_options)
        # Away from this checkout: the client puts the commit of a repository into what it deploys.
        self.programs = shutil.copytree(PROGRAMS, self.folder / "programs", dirs_exist_ok=True)
        self.config = self.folder / "config.yaml"
        self.config.write_text(
            f"admin: {{endpoint: '{self.url.replace('127.0.0.1', 'localhost')}', insecure: true}}\n"
            f"task: {{org: site, project: {PROJECT}, domain: {DOMAIN}}}\n"
            "image: {builder: local}\n"
        )

    @property
    def url(self) -> str:
        return self.serving.url

    def taskstore(self, *arguments: str | Path, stdin: bytes = b"") -> Run:
        """Run `taskstore` on the store."""
        return taskstore(*arguments, "--store", self.store, cwd=self.folder, stdin=stdin)

    def taskstore_bytes(self, *arguments: str | Path) -> bytes:
        """What `taskstore` prints, byte by byte; it must succeed."""
        command = [sys.executable, "-m", "taskstore.cli.main", *map(str, arguments), "--store", str(self.store)]
        done = subprocess.run(command, capture_output=True, env=environment(), timeout=PATIENCE, check=True)
        return done.stdout

    def json(self, *arguments: str | Path) -> Any:
        """What `taskstore` answers as JSON; it must succeed."""
        done = self.taskstore(*arguments, "--json")
        assert done.code == 0, done.err
        return done.json

    def head(self) -> int:
        """The number of the journal's last entry."""
        with Store.open(self.store) as store:
            return store.journal.head().sequence

    def flyte(self, *arguments: str | Path) -> Run:
        """Run the stock `flyte` in the folder of the programs."""
        done = run(FLYTE, "-c", self.config, "-of", "json", *arguments, cwd=self.programs)
        # The client now and then aborts while its interpreter ends, threads of its own still at work, after it has
        # done and said everything.
        return replace(done, code=0) if (done.code, done.err) == (-signal.SIGABRT, "") and done.out else done

    def python(self, program: str, *arguments: str) -> Run:
        """Run one of the programs, which uses the SDK."""
        return run(sys.executable, self.programs / program, self.config, *arguments, cwd=self.programs)

    def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """An HTTP request. A whole URL may stand for the path."""
        url = path if path.startswith("http") else self.url + path
        return request(method, url, body, tls=self.tls, **headers)

    def call(self, method: str, document: Any, **headers: str) -> Answer:
        """Call `Service/Method` of flyteidl2 in JSON; a `bytes` document is sent as it is."""
        return call(self.url, method, document, tls=self.tls, **headers)

    def close(self) -> None:
        """End the server; it must have had no fault."""
        if self.serving.process.poll() is None:
            assert self.serving.stop() == 0, self.serving.log
        faults = [line for line in self.serving.log if "traceback" in line or "text" in line]
        assert not faults, faults
