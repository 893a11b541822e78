"""The process that takes one bundle in: reads a request from stdin, writes the answer to stdout, and ends.

It ends as well, at once, when stdin does: then the daemon is gone, and nobody would hear the answer.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import threading
from typing import NoReturn

from taskstore_daemon import log
from taskstore_daemon.bundles.taking import take_in
from taskstore_daemon.bundles.wire import decode_request, encode


def main() -> NoReturn:
    """Answer one request. `sys.argv[1]` is the form of the log."""
    log.configure(as_json=sys.argv[1] == "json")
    request = decode_request(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_daemon, daemon=True).start()
    _allow_many_files()
    try:
        sys.stdout.buffer.write(encode(take_in(request)))
        sys.stdout.flush()
    except Exception:
        log.fault("a bundle could not be taken in")
        os._exit(1)
    # Nothing is open any more. The interpreter's own way out would trip over the thread that still reads.
    os._exit(0)


def _end_with_the_daemon() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


def _allow_many_files() -> None:
    """A bundle in thousands of parts is thousands of open files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
