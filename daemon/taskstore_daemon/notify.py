"""Telling the service manager how it goes, by sd_notify(3): datagrams to the socket that NOTIFY_SOCKET names."""

from __future__ import annotations

import contextlib
import os
import socket


def tell(*words: str) -> None:
    """Send such words as `READY=1`, `WATCHDOG=1`, `STOPPING=1`; nothing where no manager listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    name = "\0" + address[1:] if address.startswith("@") else address
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel,
    ):
        channel.sendto("\n".join(words).encode(), name)
