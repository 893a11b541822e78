"""Whatever bytes come in, reading them ends soon, in bounded memory, with a result or a typed error.

The manifest readers and the journal reader, fed with noise, with damaged real documents, and with documents built to
hurt: deep, wide, aliased, enormous numbers.
"""

from __future__ import annotations

import json
import resource
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from taskstore.errors import JournalDamagedError, TaskstoreError
from taskstore.journal.changes import ProjectAction, ProjectChange, SpecChange
from taskstore.journal.entry import Entry, decode, encode, genesis
from taskstore_specs import Format, read_manifest, read_spec
from taskstore_specs.digest import Digest
from taskstore_specs.limits import MANIFEST_BYTES

SAMPLES = Path(__file__).parents[2] / "samples"
REAL = [path for path in sorted(SAMPLES.iterdir()) if path.suffix in (".yaml", ".json", ".toml")]
PATIENCE = 60.0
"""Seconds in which one document must be read: far more than any takes, so that only a hang fails."""
MEMORY = 1 << 30
"""Bytes by which the process may grow over a test."""

SHARP = (
    b"\x00",
    b"\xff",
    b"&a [",
    b"*a",
    b"<<: ",
    b"- ",
    b"{",
    b"[",
    b'"',
    b"'",
    b"!!python/x ",
    b"\t",
    b"1e999",
    b"-0.0",
)
SHARP += (b"9" * 400, b".inf", b"0x7f", b"\\ud800", b"null", b"~", b"2026-13-01", b"---\n", b"\r", b"\xef\xbb\xbf")
"""What readers are known to stumble over."""

quick = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])


def read(data: bytes, format: Format) -> None:
    """Read bytes as a manifest and as a specification: a result or a typed error, soon."""
    for reader in (read_manifest, read_spec):
        started = time.monotonic()
        try:
            reader("fuzz", data, format)
        except TaskstoreError as error:
            assert error.message
        assert time.monotonic() - started < PATIENCE, data[:200]


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A document with some of it replaced, removed, doubled or moved."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        piece = bytes(data[start:end])
        data[start:end] = draw(
            st.one_of(
                st.just(b""),
                st.just(piece * 3),
                st.binary(max_size=8),
                st.sampled_from(
                    [b"\x00", b"\xff", b"&a [", b"*a", b"<<: ", b"- ", b"{", b"[", b'"', b"'", b"!!python/x ", b"\t"]
                ),
                st.sampled_from(
                    [b"1e999", b"-0.0", b"9" * 400, b".inf", b"0x7f", b"\\ud800", b"null", b"~", b"2026-13-01"]
                ),
            )
        )
    return bytes(data)


@quick
@given(st.data(), st.sampled_from(REAL))
def test_a_damaged_manifest_is_read_or_refused(data: st.DataObject, path: Path) -> None:
    read(data.draw(damaged(path.read_bytes())), Format.of_name(path.name))


@quick
@given(st.binary(max_size=300), st.sampled_from(Format))
def test_noise_is_read_or_refused(data: bytes, format: Format) -> None:
    read(data, format)


@quick
@given(st.text(alphabet="[]{}:,&*!|>-?#%@`'\" \n\tabé01.e_~<=", max_size=200), st.sampled_from(Format))
def test_punctuation_is_read_or_refused(text: str, format: Format) -> None:
    read(text.encode(), format)


HOSTILE = {
    "deep list": (b"[" * 100_000, Format.JSON),
    "deep map": (b'{"a":' * 100_000, Format.JSON),
    "deep yaml": (b"[" * 100_000, Format.YAML),
    "deep block": (b"".join(b" " * n + b"a:\n" for n in range(1_500)), Format.YAML),
    "deep toml": (b"a = " + b"[" * 100_000, Format.TOML),
    "dotted toml": (b".".join([b"a"] * 100_000) + b" = 1", Format.TOML),
    "wide list": (b"[" + b"0," * 500_000 + b"0]", Format.JSON),
    "wide map": (b"{" + b",".join(b'"%d":0' % n for n in range(100_000)) + b"}", Format.JSON),
    "wide yaml": (b"- a\n" * 200_000, Format.YAML),
    "documents": (b"---\na: 1\n" * 100_000, Format.YAML),
    "alias bomb": (
        b"a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12)),
        Format.YAML,
    ),
    "alias to itself": (b"a: &a [*a]\n", Format.YAML),
    "anchors": (b"".join(b"a%d: &a%d x\n" % (n, n) for n in range(100_000)), Format.YAML),
    "merge keys": (b"".join(b"a%d: &a%d {<<: *a%d}\n" % (n, n, n - 1) for n in range(1, 3_000)), Format.YAML),
    "long number": (b'{"a":' + b"9" * 1_000_000 + b"}", Format.JSON),
    "long exponent": (b'{"a":1e' + b"9" * 1_000_000 + b"}", Format.JSON),
    "long number in yaml": (b"a: " + b"9" * 1_000_000, Format.YAML),
    "long key": (b'{"' + b"k" * 3_000_000 + b'":1}', Format.JSON),
    "lone surrogate": (b'{"a":"\\ud800"}', Format.JSON),
    "nul": (b"\x00" * 1_000_000, Format.YAML),
    "utf-16": ("a: 1".encode("utf-16"), Format.YAML),
    "too large": (b" " * (MANIFEST_BYTES + 1), Format.JSON),
    "quotes": (b'"' * 1_000_000, Format.YAML),
    "tags": (b"!" * 1_000_000, Format.YAML),
    "question marks": (b"? " * 200_000, Format.YAML),
    "dashes": (b"- " * 200_000, Format.YAML),
    "colons": (b"a: " * 200_000, Format.YAML),
    "folded": (b"a: >\n" + b"  x\n\n" * 300_000, Format.YAML),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_built_to_hurt_is_refused_soon_and_in_bounded_memory(name: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read(*HOSTILE[name])
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MEMORY


ENTRY = encode(
    Entry(
        7,
        genesis("8f14e45f-ceea-467f-a9d1-6f1d8a9a3c01"),
        datetime(2026, 1, 1, tzinfo=UTC),
        "me",
        (
            ProjectChange(action=ProjectAction.CREATE, id="p", name="é"),
            SpecChange(digest=Digest.of(b"x"), size=1),
        ),
    )
)


def with_sum(body: bytes) -> bytes:
    """Bytes that end in the sum which they have, so that only their content can be refused."""
    opened = body[:-1]
    return opened + b',"sum":"%s"}' % str(Digest.of(opened + b"}")).encode()


def read_entry(data: bytes) -> None:
    """Read bytes as entry 7: the entry, or the journal is damaged; nothing else."""
    try:
        assert decode(data, 7).sequence == 7
    except JournalDamagedError as error:
        assert error.sequence == 7


@quick
@given(st.one_of(st.binary(max_size=300), damaged(ENTRY)))
def test_a_damaged_entry_is_told_as_such(data: bytes) -> None:
    if data != ENTRY:
        with pytest.raises(JournalDamagedError):
            decode(data, 7)


@quick
@given(st.one_of(st.binary(max_size=300), damaged(ENTRY[: -len(',"sum":"blake3:"}') - 64] + b"}")))
def test_an_entry_that_somebody_made_up_is_an_entry_or_damage(body: bytes) -> None:
    read_entry(with_sum(body))


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


@quick
@given(st.sampled_from(["sequence", "previous", "committed_at", "committed_by", "changes", "format"]), JSON)
def test_an_entry_with_any_value_in_any_field_is_an_entry_or_damage(field: str, value: object) -> None:
    document = json.loads(ENTRY)
    document.pop("sum")
    document[field] = [value] if field == "changes" else value
    read_entry(with_sum(json.dumps(document).encode()))


@pytest.mark.parametrize("body", [b"[" * 200_000 + b"}", b'{"changes":' + b"[" * 200_000 + b"}", b"{}", b"}", b""])
def test_an_entry_that_is_built_to_hurt_is_damage(body: bytes) -> None:
    with pytest.raises(JournalDamagedError):
        decode(with_sum(body), 7)
