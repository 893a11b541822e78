"""The tar that a bundle is: written the same for the same content, read without trusting any of it.

Only what POSIX.1-1988 (ustar) has is written. Reading takes what container tools write as well (folders, extended
headers that change nothing) and refuses everything else before any of it is used: links, devices, sparse files, names
that are not those of an OCI image layout, the same name twice, sizes that go past the end, more members than the
format needs. Nothing is ever unpacked by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from taskstore.bundle.limits import MEMBERS, PAX_BYTES
from taskstore.bundle.parts import BundleFile
from taskstore.errors import BundleDamagedError

BLOCK = 512
LAYOUT, INDEX, BLOBS = "oci-layout", "index.json", "blobs/sha256/"

_NAME = re.compile(r"oci-layout|index\.json|blobs/sha256/[0-9a-f]{64}")
_FOLDER = re.compile(r"(\./)?(blobs/?|blobs/sha256/?)?")
_REGULAR, _DIRECTORY, _EXTENDED = (b"0", b"\0"), b"5", b"x"
_HARMLESS = {b"mtime", b"atime", b"ctime", b"uid", b"gid", b"uname", b"gname", b"comment"}


class Member(NamedTuple):
    """Where the content of a member lies in the file."""

    offset: int
    size: int


def header(name: str, size: int) -> bytes:
    """The header block of a regular file: mode 0444, no owner, no time. `name` has at most 100 ASCII characters."""
    fields = [
        name.encode("ascii", "replace")[:100].ljust(100, b"\0"),
        b"0000444\0" + b"0000000\0" * 2,
        b"%011o\0" % size,
        b"00000000000\0",
        b" " * 8,
        b"0" + bytes(100),
        b"ustar\x0000" + bytes(64),
        b"0000000\0" * 2,
    ]
    block = b"".join(fields).ljust(BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def padding(size: int) -> bytes:
    """What follows a content of `size` bytes, up to the next block."""
    return bytes(-size % BLOCK)


END = bytes(2 * BLOCK)
"""What a tar ends with."""
RECORD = 20 * BLOCK
"""What tar programs write at once, unless they are told otherwise: pax of POSIX.1, "ustar Archive File Format"."""


def is_ours(file: BundleFile) -> bool:
    """Whether a bundle's tar was written here, and not made anew by another program: it begins as we begin it."""
    first = file.read_at(0, BLOCK)
    return first.startswith(b"oci-layout\0") and first == header(LAYOUT, _octal(first[124:136]))


def scan(file: BundleFile) -> dict[str, Member]:
    """The members of a bundle's tar by name; the file is read no further than their headers.

    Raises BundleDamagedError.
    """
    members: dict[str, Member] = {}
    ours = is_ours(file)
    offset = 0
    for _ in range(2 * MEMBERS):
        block = file.read_at(offset, BLOCK)
        if block == bytes(BLOCK):
            _check_end(file, offset, most_filling=0 if ours else RECORD - BLOCK)
            return members
        kind, name, size = _parse(block, offset)
        if ours and block != header(name, size):
            raise BundleDamagedError(f"the header of {name!r} is not as it was written")
        if size > file.size - offset - BLOCK:
            raise BundleDamagedError(f"the member {name!r} goes past the end of the file")
        if kind in _REGULAR:
            _add(members, name, Member(offset + BLOCK, size))
        elif kind == _EXTENDED:
            _check_extended(file.read_at(offset + BLOCK, size) if size <= PAX_BYTES else b"", name)
        elif kind != _DIRECTORY or size or not _FOLDER.fullmatch(name):
            raise BundleDamagedError(f"the member {name!r} is no regular file of an OCI image layout")
        offset += BLOCK + size
        filling = padding(size)
        if file.read_at(offset, len(filling)) != filling:
            raise BundleDamagedError(f"after the member {name!r} is something that belongs to nothing")
        offset += len(filling)
    raise BundleDamagedError(f"it has more than {MEMBERS} members")


def _add(members: dict[str, Member], name: str, member: Member) -> None:
    name = name.removeprefix("./")
    if not _NAME.fullmatch(name):
        raise BundleDamagedError(f"the name {name!r} is none of an OCI image layout")
    if name in members:
        raise BundleDamagedError(f"it has the member {name} twice")
    if len(members) == MEMBERS:
        raise BundleDamagedError(f"it has more than {MEMBERS} members")
    members[name] = member


def _parse(block: bytes, offset: int) -> tuple[bytes, str, int]:
    if len(block) < BLOCK:
        raise BundleDamagedError("it ends in the middle of a header")
    checksum = sum(block[:148]) + sum(b" " * 8) + sum(block[156:])
    if _octal(block[148:156]) != checksum or block[257:262] != b"ustar":
        raise BundleDamagedError(f"at byte {offset} stands no header of a tar")
    prefix, name = (block[345:500].split(b"\0")[0], block[:100].split(b"\0")[0])
    path = (prefix + b"/" + name if prefix and block[257:263] == b"ustar\0" else name).decode("ascii", "replace")
    return block[156:157], path, _octal(block[124:136])


def _octal(field: bytes) -> int:
    digits = field.strip(b" \0")
    if not digits or not re.fullmatch(rb"[0-7]{1,11}", digits):
        raise BundleDamagedError("a number in a tar header is no octal number")
    return int(digits, 8)


def _check_extended(data: bytes, name: str) -> None:
    """Extended headers could give the next member another name or size; only those that cannot are taken."""
    keys = list(_keywords(data))
    if not keys or not set(keys) <= _HARMLESS:
        raise BundleDamagedError(f"the extended header {name!r} changes more than times and owners")


def _keywords(data: bytes) -> Iterator[bytes]:
    while data:
        match = re.match(rb"(\d{1,5}) ([^=\n]{1,100})=", data)
        length = int(match[1]) if match else 0
        if match is None or length <= match.end() or length > len(data):
            yield b""
            return
        yield match[2]
        data = data[length:]


def _check_end(file: BundleFile, offset: int, most_filling: int) -> None:
    """A tar ends with two empty blocks; other programs than this one fill up a record after them."""
    rest = file.size - offset
    if not len(END) <= rest <= len(END) + most_filling or file.read_at(offset, rest).strip(b"\0"):
        raise BundleDamagedError("its tar does not end where it should")
