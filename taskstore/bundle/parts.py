"""A bundle as one file, or as numbered parts of it, read as if it were one.

A part is a header block of 512 bytes, JSON and a newline filled up with spaces, and then its share of the bundle:
`{"format":1,"kind":"taskstore-bundle-part","bundle":"<sha256>","size":…,"part":1,"parts":3,"offset":0,"length":…,
"sha256":"<sha256 of the share>"}`, where `bundle` and `size` are those of the whole file.
"""

from __future__ import annotations

import copy
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from taskstore.bundle.limits import PARTS
from taskstore.disk.faults import storage_error, storage_errors
from taskstore.errors import BundleDamagedError, BundlePartMissingError, NotAFileError, NotFoundError

HEADER = 512
KIND = "taskstore-bundle-part"
_CHUNK = 1024 * 1024
_START = b'{"bundle":"'


class BundleFile(Protocol):
    """The bytes of a bundle, wherever they lie."""

    size: int

    def read_at(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`, fewer at the end. Raises StorageError."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag=KIND):
    """The header of a part."""

    bundle: str
    size: int
    part: int
    parts: int
    offset: int
    length: int
    sha256: str
    format: int = 1

    def encode(self) -> bytes:
        """The header's bytes."""
        return msgspec.json.encode(self, order="sorted").ljust(HEADER - 1) + b"\n"


class OpenFile:
    """A regular file, open until `close`; a BundleFile. Takes over the `descriptor` of whoever has opened it."""

    def __init__(self, path: Path, descriptor: int | None = None) -> None:
        self.path, self._skip = path, 0
        self._descriptor = _open(path) if descriptor is None else descriptor
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise NotAFileError(f"not a regular file: {path}", hint="copy the bundle to a file first")
        self.size = status.st_size

    def without_header(self) -> OpenFile:
        """The same open file, seen without the header of a part."""
        share = copy.copy(self)
        share._skip, share.size = HEADER, max(0, self.size - HEADER)
        return share

    def read_at(self, offset: int, length: int) -> bytes:
        """See BundleFile."""
        end = min(offset + length, self.size)
        data = b""
        with storage_errors("cannot read", self.path):
            while offset + len(data) < end:
                start = offset + len(data)
                more = os.pread(self._descriptor, end - start, start + self._skip)
                if not more:
                    break
                data = data + more if data else more
        return data

    def close(self) -> None:
        """Give the file back."""
        os.close(self._descriptor)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {path}", hint="check the name") from error
    except OSError as error:
        raise storage_error("cannot read", path, error) from error


class JoinedFile:
    """The parts of one bundle as one BundleFile. `files` are their shares in order."""

    def __init__(self, files: Sequence[OpenFile]) -> None:
        self._files = files
        self.size = sum(file.size for file in files)

    def read_at(self, offset: int, length: int) -> bytes:
        """See BundleFile."""
        pieces: list[bytes] = []
        for file in self._files:
            if length > 0 and offset < file.size:
                pieces.append(file.read_at(offset, length))
                length -= len(pieces[-1])
            offset = max(0, offset - file.size)
        return b"".join(pieces)


def chunks(file: BundleFile, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
    """`length` bytes from `offset`, or all up to the end, piece by piece."""
    end = file.size if length is None else offset + length
    for start in range(offset, end, _CHUNK):
        yield file.read_at(start, min(_CHUNK, end - start))


def sha256_of(file: BundleFile, offset: int = 0, length: int | None = None) -> str:
    """The SHA-256 digest of the same, in hexadecimal."""
    digest = hashlib.sha256()
    for chunk in chunks(file, offset, length):
        digest.update(chunk)
    return digest.hexdigest()


def read_part(file: OpenFile) -> Part | None:
    """The header of the part that `file` is, None if it is a whole bundle. Raises BundleDamagedError."""
    block = file.read_at(0, HEADER)
    if not block.startswith(_START):
        return None
    try:
        part = msgspec.json.decode(block, type=Part)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BundleDamagedError(f"{file.path} is a part with a broken header: {error}") from error
    sound = 1 <= part.part <= part.parts <= PARTS and 0 <= part.offset <= part.offset + part.length <= part.size
    if part.format != 1 or not sound:
        raise BundleDamagedError(f"{file.path} is a part with a header that makes no sense")
    return part


def check_part(part: Part, share: OpenFile) -> None:
    """Whether a part is whole, by itself. Raises BundleDamagedError."""
    if share.size != part.length or sha256_of(share) != part.sha256:
        raise BundleDamagedError(f"part {part.part} of {part.parts} ({share.path}) is not as it was written")


def join(parts: Sequence[tuple[Part, OpenFile]]) -> JoinedFile:
    """The parts of one bundle, given in any order, each with its share; all are verified.

    Raises BundlePartMissingError, BundleDamagedError.
    """
    first = parts[0][0]
    found = {
        part.part: (part, share) for part, share in parts if (part.bundle, part.parts) == (first.bundle, first.parts)
    }
    missing = [number for number in range(1, first.parts + 1) if number not in found]
    if missing:
        raise BundlePartMissingError(missing, first.parts)
    offset = 0
    for number in sorted(found):
        part, share = found[number]
        check_part(part, share)
        if part.offset != offset:
            raise BundleDamagedError(f"part {number} of {part.parts} does not follow the one before it")
        offset += part.length
    joined = JoinedFile([found[number][1] for number in sorted(found)])
    if joined.size != first.size or sha256_of(joined) != first.bundle:
        raise BundleDamagedError("its parts do not come to the file that they were cut from")
    return joined
