"""The files of one bundle, opened in its inbox, each once, and seen as the one file that they make."""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from taskstore.bundle.parts import BundleFile, JoinedFile, OpenFile, check_part, join, read_part
from taskstore.cli.plain import describe, plain
from taskstore.errors import BundleDamagedError, BundlePartMissingError, LimitExceededError
from taskstore_daemon import take
from taskstore_daemon.beneath import opened_folder
from taskstore_daemon.bundles.wire import Incomplete, NotYet, Refused, Request, Retry
from taskstore_daemon.limits import FILES_BESIDE_PARTS
from taskstore_daemon.scan import Stamp


class Opened(msgspec.Struct, frozen=True):
    """A file of the bundle, open."""

    path: bytes
    stamp: Stamp
    descriptor: int
    file: OpenFile


def open_files(request: Request, stack: ExitStack) -> list[Opened] | NotYet | Refused:
    """The files of a request, open until `stack` is closed, if each still is as it was. Raises OSError."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - FILES_BESIDE_PARTS
    if len(request.files) > most:
        message = f"it has {len(request.files)} parts, and this process may open {most} at once"
        hint = "raise the limit of open files (ulimit -n, LimitNOFILE=), or make larger parts"
        return Refused(describe(LimitExceededError(message, hint=hint)), Retry.CHANGE, None)
    root = stack.enter_context(opened_folder(os.fsdecode(request.inbox)))
    opened: list[Opened] = []
    for file in request.files:
        path = os.fsdecode(file.path)
        found = take.open_whole(root, path, file.stamp)
        if isinstance(found, take.NotYet):
            return NotYet(file.path, plain(found.reason))
        if isinstance(found, take.Refused):
            return Refused(describe(found.error), Retry.CHANGE, None)
        one = OpenFile(Path(os.fsdecode(request.inbox), path), found)
        stack.callback(one.close)
        opened.append(Opened(file.path, file.stamp, found, one))
    return opened


def find_not_yet(inbox: Path, files: Mapping[str, Stamp]) -> take.NotYet | None:
    """The first of these files that is not as it was, or that somebody writes to: cheaper asked than found out by a
    process."""
    try:
        with opened_folder(str(inbox)) as root:
            for path, stamp in files.items():
                found = take.open_whole(root, path, stamp)
                if isinstance(found, take.NotYet):
                    return found
                if isinstance(found, int):
                    os.close(found)
    except OSError as error:
        return take.NotYet(next(iter(files)), f"the folder cannot be read: {error.strerror}")
    return None


def assemble(request: Request, opened: Sequence[Opened], *, verify: bool) -> BundleFile | Incomplete:
    """The bundle as one file, of its parts if it has some, verified if asked for. Raises BundleDamagedError."""
    first = opened[0]
    parts = [(read_part(one.file), one) for one in opened]
    if len(opened) == 1 and first.path == request.name:
        if parts[0][0] is not None:
            hint = f"call it {first.file.path.name}.part{parts[0][0].part:04d}, as it was made"
            raise BundleDamagedError(f"it is a part of a bundle, called like a whole one: {first.file.path}", hint=hint)
        return first.file
    shares = []
    for part, one in parts:
        if part is None:
            raise BundleDamagedError(f"{one.file.path} is no part of a bundle")
        if part.bundle != (parts[0][0] or part).bundle:
            why = f"{one.file.path.name} is not of the bundle that {first.file.path.name} is of: bring the right ones"
            return Incomplete((), part.parts, plain(why))
        shares.append((part, one.file.without_header()))
    if not verify and sorted(part.part for part, _ in shares) == list(range(1, shares[0][0].parts + 1)):
        return JoinedFile([share for _, share in sorted(shares, key=lambda pair: pair[0].part)])
    try:
        return join(shares)
    except BundlePartMissingError as error:
        for (part, share), one in zip(shares, opened, strict=True):
            if one.path in request.unchecked:
                check_part(part, share)
        return Incomplete(error.missing, error.count, error.message)


def find_changed(opened: Sequence[Opened]) -> NotYet | None:
    """Whether a file was written to meanwhile: then what was found wrong in it says nothing."""
    for one in opened:
        if Stamp.of(os.fstat(one.descriptor)) != one.stamp:
            return NotYet(one.path, "it changed while it was read")
    return None
