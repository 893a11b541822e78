"""The tar of a bundle: written so that any tar program reads it, and read so that nothing else gets through."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable

import pytest

from taskstore.bundle import tar
from taskstore.bundle.limits import MEMBERS
from taskstore.errors import BundleDamagedError

pytestmark = pytest.mark.usefixtures("no_network")

BLOB = f"blobs/sha256/{'ab' * 32}"


class Bytes:
    """A BundleFile in memory that counts what is read of it."""

    def __init__(self, data: bytes) -> None:
        self.data, self.size, self.read = data, len(data), 0

    def read_at(self, offset: int, length: int) -> bytes:
        self.read += length
        return self.data[offset : offset + length]


def written(*members: tuple[str, bytes]) -> bytes:
    parts = [tar.header(name, len(data)) + data + tar.padding(len(data)) for name, data in members]
    return b"".join(parts) + tar.END


def packed(*infos: tarfile.TarInfo, format: int = tarfile.USTAR_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for info in infos:
            archive.addfile(info, io.BytesIO(bytes(info.size)))
    return out.getvalue()


def info(name: str, **fields: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(made, field, value)
    return made


def test_any_tar_program_reads_what_is_written() -> None:
    data = written(("oci-layout", b"{}"), (BLOB, b"x" * 1000))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = archive.getmembers()
        assert [(m.name, m.size, m.mode, m.mtime, m.uid) for m in members] == [
            ("oci-layout", 2, 0o444, 0, 0),
            (BLOB, 1000, 0o444, 0, 0),
        ]
        content = archive.extractfile(members[1])
        assert content is not None and content.read() == b"x" * 1000


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_what_other_programs_write_is_read(format: int) -> None:
    folders = [info("blobs", type=tarfile.DIRTYPE), info("./blobs/sha256/", type=tarfile.DIRTYPE)]
    data = packed(*folders, info(BLOB, size=700, mtime=1.5), info("./index.json", size=3, uname="ünï"), format=format)
    found = tar.scan(Bytes(data))
    assert {name: member.size for name, member in found.items()} == {BLOB: 700, "index.json": 3}


def test_what_is_written_ends_where_it_was_ended() -> None:
    data = written(("oci-layout", b"{}"), (BLOB, b"x"))
    with pytest.raises(BundleDamagedError, match="does not end where it should"):
        tar.scan(Bytes(data + bytes(tar.BLOCK)))


@pytest.mark.parametrize("blocks", range(20))
def test_a_tar_that_fills_up_its_last_record_is_read_whatever_is_left_of_it(blocks: int) -> None:
    data = packed(info(BLOB, size=blocks * tar.BLOCK))
    assert len(data) % tar.RECORD == 0
    assert tar.scan(Bytes(data))[BLOB].size == blocks * tar.BLOCK
    with pytest.raises(BundleDamagedError, match="does not end where it should"):
        tar.scan(Bytes(data + bytes(tar.RECORD)))


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../outside",
        "blobs/sha256/../../outside",
        "blobs/sha256/" + "AB" * 32,
        "INDEX.JSON",
        "index.json ",
        "oci-lаyout",
        "oci-layout\N{COMBINING GRAVE ACCENT}",
        "blobs/sha512/" + "ab" * 64,
        "notes.txt",
        "",
        "x" * 300,
    ],
)
@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_names_that_no_layout_has_are_refused(name: str, format: int) -> None:
    with pytest.raises(BundleDamagedError):
        tar.scan(Bytes(packed(info(name, size=3), format=format)))


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.LNKTYPE,
        tarfile.SYMTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
        tarfile.CONTTYPE,
        b"S",
        b"g",
    ],
)
def test_anything_but_regular_files_is_refused(kind: bytes) -> None:
    with pytest.raises(BundleDamagedError):
        tar.scan(Bytes(packed(info(BLOB, type=kind, linkname="/etc/passwd"))))


@pytest.mark.parametrize(
    "headers",
    [{"path": BLOB}, {"size": "999999999999"}, {"linkpath": "/etc/passwd"}, {"GNU.sparse.realsize": "99999999999"}],
)
def test_extended_headers_that_change_a_member_are_refused(headers: dict[str, str]) -> None:
    member = info("index.json", size=3, pax_headers=headers)
    with pytest.raises(BundleDamagedError):
        tar.scan(Bytes(packed(member, format=tarfile.PAX_FORMAT)))


def test_the_same_member_twice_is_refused() -> None:
    with pytest.raises(BundleDamagedError):
        tar.scan(Bytes(written(("index.json", b"1"), ("index.json", b"2"))))
    with pytest.raises(BundleDamagedError):
        tar.scan(Bytes(packed(info("index.json"), info("./index.json"))))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:700],
        lambda data: data[:512],
        lambda data: data[:-1024],
        lambda data: data + b"x",
        lambda data: data + bytes(20_000),
        lambda data: data[:600] + b"x" + data[601:],
        lambda data: b"",
        lambda data: bytes(1024)[:1],
        lambda data: b"PK\x03\x04" + bytes(2000),
    ],
)
def test_what_is_cut_or_appended_is_refused(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BundleDamagedError):
        tar.scan(Bytes(damage(written(("index.json", b"{}"), ("oci-layout", b"{}")))))


@pytest.mark.parametrize("size", [b"77777777777\0", b"-0000000001\0", b"\x80" + b"\0" * 10 + b"\x01", b"           \0"])
def test_sizes_that_lie_are_refused(size: bytes) -> None:
    block = bytearray(tar.header("index.json", 0))
    block[124:136] = size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    with pytest.raises(BundleDamagedError):
        tar.scan(Bytes(bytes(block) + bytes(2048)))


def test_millions_of_members_are_refused_early() -> None:
    one = packed(info("blobs", type=tarfile.DIRTYPE))[:512]
    many = Bytes(one * (4 * MEMBERS))
    with pytest.raises(BundleDamagedError):
        tar.scan(many)
    assert many.read <= 512 * (2 * MEMBERS + 1)
    distinct = b"".join(tar.header(f"blobs/sha256/{number:064x}", 0) for number in range(MEMBERS + 1))
    with pytest.raises(BundleDamagedError):
        tar.scan(Bytes(distinct))
