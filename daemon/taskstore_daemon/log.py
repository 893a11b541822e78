"""What the daemon says on stderr: one line an event, as text for people or JSON for programs."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

_LOGGER = logging.getLogger("taskstored")


def info(event: str, **facts: object) -> None:
    """Something happened as it should."""
    _LOGGER.info(event, extra={"facts": facts})


def warning(event: str, **facts: object) -> None:
    """Something wants a person's attention; the daemon goes on."""
    _LOGGER.warning(event, extra={"facts": facts})


def fault(event: str, **facts: object) -> None:
    """Something that should never happen; the exception being handled is told with its traceback."""
    _LOGGER.error(event, exc_info=True, extra={"facts": facts})


def configure(*, as_json: bool) -> None:
    """Send everything that is logged, watchdog's and the store's words too, to stderr in one form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if as_json else _TextLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # What no line tells is not looked up for each (https://docs.python.org/3/howto/logging.html#optimization).
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def _when(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts = getattr(record, "facts", {})
        words = [f"{name}={_text(value)}" for name, value in facts.items() if value not in (None, "")]
        line = " ".join([_when(record), record.levelname.lower(), record.getMessage(), *words])
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _text(value: object) -> str:
    text = str(value)
    return json.dumps(text) if not text.isprintable() or " " in text or '"' in text else text


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": _when(record), "level": record.levelname.lower(), "event": record.getMessage()}
        line |= getattr(record, "facts", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
