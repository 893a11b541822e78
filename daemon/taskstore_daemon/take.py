"""Reading one file, whole or not at all: what was read is what is hashed and deployed.

The file is opened once, never blocking and never leaving the inbox, and looked at before and after the reading. Who
has it open for writing is asked of the kernel where the kernel tells (Linux leases, fcntl(2)): that catches a writer
that pauses for longer than any look waits.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat

import msgspec

from taskstore.errors import InvalidInputError, LimitExceededError
from taskstore_daemon.beneath import OutsideError, open_file
from taskstore_daemon.scan import Stamp
from taskstore_specs.digest import Digest
from taskstore_specs.limits import MANIFEST_BYTES


class Taken(msgspec.Struct, frozen=True):
    """A file's bytes, as they were at `stamp`, and their digest."""

    stamp: Stamp
    data: bytes
    digest: Digest


class Refused(msgspec.Struct, frozen=True):
    """A file that cannot be taken until somebody changes it."""

    path: str
    stamp: Stamp
    error: InvalidInputError


class NotYet(msgspec.Struct, frozen=True):
    """A file to look at again later, and why."""

    path: str
    reason: str


def take(root: int, path: str, expected: Stamp) -> Taken | Refused | NotYet:
    """Read the file `path` below the open folder `root`, if it still is as it was at `expected`."""
    opened = open_whole(root, path, expected)
    if not isinstance(opened, int):
        return opened
    try:
        return _read(opened, path, expected)
    except OSError as error:
        return NotYet(path, f"it cannot be read: {error.strerror}")
    finally:
        os.close(opened)


def open_whole(root: int, path: str, expected: Stamp) -> int | Refused | NotYet:
    """A descriptor of the file `path` below the open folder `root`, if the file still is as it was at `expected`, and
    nobody writes to it."""
    try:
        descriptor = open_file(root, path)
    except OSError as error:
        return _cannot_open(path, expected, error)
    why = _why_not_whole(descriptor, expected)
    if not why:
        return descriptor
    os.close(descriptor)
    return NotYet(path, why)


def _cannot_open(path: str, stamp: Stamp, error: OSError) -> Refused | NotYet:
    if error.errno in (errno.EACCES, errno.EPERM) and not isinstance(error, OutsideError):
        hint = "let the user that taskstored runs as read it"
        return Refused(path, stamp, InvalidInputError(f"the file cannot be read: {error.strerror}", hint=hint))
    return NotYet(path, f"it cannot be opened: {error.strerror}")


def _why_not_whole(descriptor: int, expected: Stamp) -> str:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or Stamp.of(status) != expected:
        return "it changed since it was looked at"
    return "another program has it open for writing" if being_written(descriptor) else ""


def _read(descriptor: int, path: str, expected: Stamp) -> Taken | Refused | NotYet:
    if expected.size > MANIFEST_BYTES:
        message = f"the file has {expected.size} bytes, and at most {MANIFEST_BYTES} are read"
        return Refused(path, expected, LimitExceededError(message, hint="put fewer tasks into one file"))
    data = _read_all(descriptor, expected.size)
    if Stamp.of(os.fstat(descriptor)) != expected or len(data) != expected.size:
        return NotYet(path, "it changed while it was read")
    return Taken(expected, data, Digest.of(data))


def _read_all(descriptor: int, size: int) -> bytes:
    """At most one byte more than `size`, which tells that the file grew."""
    data = b""
    while len(data) <= size and (more := os.read(descriptor, size + 1 - len(data))):
        data += more
    return data


if hasattr(fcntl, "F_SETLEASE"):

    def being_written(descriptor: int) -> bool:
        """Whether some program has the file open for writing; False where the kernel does not tell.

        A read lease is granted only while nobody writes, and given back at once. Whoever opens the file for writing in
        that moment waits for it, and the kernel tells us by SIGURG instead of SIGIO, which would end the process.
        """
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            return error.errno == errno.EAGAIN
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False

else:

    def being_written(descriptor: int) -> bool:
        """Whether some program has the file open for writing: this system does not tell."""
        return False
