"""What a daemon does, as Prometheus reads it: its text format, in a file or at a port of this machine.

The format is that of https://prometheus.io/docs/instrumenting/exposition_formats/ (text, version 0.0.4).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import Protocol

from taskstore.errors import InvalidInputError
from taskstore.store.health import Health

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LOOPBACK = "127.0.0.1"


class Metrics(Protocol):
    """Where the figures go."""

    def show(self, healths: Sequence[Health]) -> None:
        """These are the figures now. Raises OSError."""

    def close(self) -> None:
        """No more will come."""


class FileMetrics:
    """A file that is replaced whole, as node_exporter's textfile collector wants it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def show(self, healths: Sequence[Health]) -> None:
        """Replace the file. Raises OSError."""
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        temporary.write_text(render(healths))
        temporary.replace(self._path)

    def close(self) -> None:
        """The last figures stay."""


class _Server(ThreadingTCPServer):
    """As http.server's, which asks the name service what 127.0.0.1 is called: where there is none, that takes long."""

    allow_reuse_address = True
    daemon_threads = True


class PortMetrics:
    """A port of this machine, which answers `GET /metrics`."""

    def __init__(self, port: int) -> None:
        self._text = b""
        self._server = _Server((LOOPBACK, port), _handler(lambda: self._text))
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()

    @property
    def port(self) -> int:
        """The port, which the system chose if 0 was given."""
        return self._server.server_address[1]

    def show(self, healths: Sequence[Health]) -> None:
        """Answer with these from now on."""
        self._text = render(healths).encode()

    def close(self) -> None:
        """Free the port."""
        self._server.shutdown()
        self._server.server_close()


def _handler(text: Callable[[], bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            if self.path != "/metrics":
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            body = text()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not worth a line of the log."""

    return Handler


_GAUGES: tuple[tuple[str, str, Callable[[Health], float]], ...] = (
    ("known_files", "Manifests and files of bundles in the inbox.", lambda h: h.known),
    ("queued_files", "Those that are ready to be taken.", lambda h: h.queued),
    ("waiting_files", "Those that must stand still first, and bundles that lack parts.", lambda h: h.waiting),
    ("refused_files", "Manifests and bundles that are refused as they are.", lambda h: h.refused_count),
    ("ignored_files", "Files that are not taken.", lambda h: h.ignored),
    ("scan_seconds", "Processor time of the last whole scan.", lambda h: h.last_scan_seconds),
    ("scanned_timestamp_seconds", "When the last whole scan ended.", lambda h: _epoch(h)),
    ("polling", "1 where events do not come.", lambda h: h.backend == "polling"),
    ("applying", "1 while a bundle is taken in.", lambda h: bool(h.applying)),
    ("problem", "1 while something wants attention.", lambda h: bool(h.problem)),
)


def _epoch(health: Health) -> float:
    return health.last_scan_at.timestamp() if health.last_scan_at else 0.0


def render(healths: Iterable[Health]) -> str:
    """The figures of these inboxes in Prometheus' text format."""
    healths = list(healths)
    lines: list[str] = []
    for name, explained, value in _GAUGES:
        lines += _family(name, "gauge", explained)
        lines += [f'taskstored_{name}{{inbox="{_label(h.inbox)}"}} {float(value(h)):.15g}' for h in healths]
    lines += _family("files_total", "counter", "Files dealt with since the start, by outcome.")
    for health in healths:
        for outcome in health.counts.__struct_fields__:
            labels = f'inbox="{_label(health.inbox)}",outcome="{outcome}"'
            lines.append(f"taskstored_files_total{{{labels}}} {getattr(health.counts, outcome)}")
    return "\n".join([*lines, ""])


def _family(name: str, kind: str, explained: str) -> list[str]:
    return [f"# HELP taskstored_{name} {explained}", f"# TYPE taskstored_{name} {kind}"]


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def metrics_at(where: str) -> Metrics:
    """Metrics at a port if `where` is a number, else in the file of that name. Raises InvalidInputError."""
    if not (where.isascii() and where.isdigit()):
        return FileMetrics(Path(where))
    try:
        return PortMetrics(int(where))
    except (OSError, OverflowError) as error:
        raise InvalidInputError(
            f"cannot listen at port {where}: {error}", hint="name another port, or a file"
        ) from error
