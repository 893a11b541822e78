"""The documents of a bundle: an OCI image layout with one manifest of our own artifact type.

Formats: the OCI image specification 1.1 (image-layout, manifest, descriptor) outside, and inside the `Config`, which
says what the packs hold. `specs/bundle-format.md` describes all of it.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec

from taskstore.bundle.limits import CHANGES, LAYER_BYTES, LAYERS
from taskstore.errors import BundleDamagedError
from taskstore.index.selection import Selection
from taskstore_specs.digest import Digest
from taskstore_specs.errors import InvalidDigestError

FORMAT = 1
LAYOUT_FILE = b'{"imageLayoutVersion":"1.0.0"}'
TAG = "bundle"

ARTIFACT = "application/vnd.taskstore.bundle.v1"
CONFIG = "application/vnd.taskstore.bundle.config.v1+json"
BASES = "application/vnd.taskstore.bundle.bases.v1"
ENTRIES = "application/vnd.taskstore.bundle.entries.v1"
BLOBS = "application/vnd.taskstore.bundle.blobs.v1"
EMPTY, EMPTY_BLOB = "application/vnd.oci.empty.v1+json", b"{}"
"""What stands in for packs where there are none: container registries want at least one layer."""
PACKS = (BASES, ENTRIES, BLOBS, EMPTY)
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")

Count = Annotated[int, msgspec.Meta(ge=0, le=CHANGES)]
Document = TypeVar("Document")


class Descriptor(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Points at a member `blobs/sha256/…`: the OCI image specification, descriptor."""

    media_type: str
    digest: str
    size: Annotated[int, msgspec.Meta(ge=0)]
    artifact_type: str | None = None
    annotations: dict[str, str] | None = None

    @property
    def member(self) -> str:
        """The name of the member. Raises BundleDamagedError if the digest is no SHA-256 digest."""
        if not _SHA256.fullmatch(self.digest):
            raise BundleDamagedError(f"{self.digest!r} is no sha256 digest")
        return f"blobs/sha256/{self.digest[7:]}"


class _Layout(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    image_layout_version: str


class Index(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """`index.json`. Other programs may write it anew when they carry a bundle, so only its first manifest counts."""

    schema_version: int
    manifests: tuple[Descriptor, ...]
    media_type: str | None = None


class Manifest(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """The manifest: the configuration, then the packs in the order of PACKS."""

    schema_version: int
    media_type: str
    artifact_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]


class Point(msgspec.Struct, frozen=True):
    """A place in a journal: the number of an entry and its digest; of 0, what entry 1 names as the one before."""

    sequence: Annotated[int, msgspec.Meta(ge=0)]
    digest: Digest


class Counts(msgspec.Struct, frozen=True):
    """How much is in a bundle."""

    entries: Count = 0
    changes: Count = 0
    bases: Count = 0
    blobs: Count = 0


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle holds: the facts of store `store_id` that follow `since`, up to `until`, as far as `selection`
    chooses them; whoever takes them must know that store up to `since`. `until_time` is when the last entry was
    committed, None of an empty journal.
    """

    format: int = FORMAT
    store_id: str
    since: Point
    until: Point
    until_time: datetime | None
    selection: Selection
    counts: Counts


def describe(media_type: str, data: bytes) -> Descriptor:
    """The descriptor of some bytes."""
    return Descriptor(media_type, sha256(data), len(data))


def sha256(data: bytes | memoryview) -> str:
    """The digest that OCI knows some bytes by."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def encode(document: msgspec.Struct) -> bytes:
    """A document's bytes: JSON with sorted keys and no spaces."""
    return msgspec.json.encode(document, enc_hook=str, order="sorted")


def make_manifest(config: bytes, packs: tuple[Descriptor, ...]) -> bytes:
    """The manifest's bytes."""
    return encode(
        Manifest(
            schema_version=2,
            media_type=_MANIFEST,
            artifact_type=ARTIFACT,
            config=describe(CONFIG, config),
            layers=packs,
        )
    )


def make_index(manifest: bytes) -> bytes:
    """The bytes of `index.json`."""
    descriptor = Descriptor(
        _MANIFEST, sha256(manifest), len(manifest), ARTIFACT, {"org.opencontainers.image.ref.name": TAG}
    )
    return encode(Index(2, (descriptor,), _INDEX))


def check_layout(data: bytes) -> None:
    """Whether `oci-layout` is that of version 1.0.0. Raises BundleDamagedError."""
    if _decode(data, _Layout, "oci-layout").image_layout_version != "1.0.0":
        raise BundleDamagedError("its oci-layout is not that of version 1.0.0")


def read_index(data: bytes) -> Descriptor:
    """The descriptor of the manifest. Raises BundleDamagedError."""
    manifests = _decode(data, Index, "index.json").manifests
    if len(manifests) != 1 or manifests[0].media_type != _MANIFEST:
        raise BundleDamagedError("index.json does not name exactly one manifest")
    return manifests[0]


def read_manifest(data: bytes) -> Manifest:
    """The manifest, its packs within bounds and in order. Raises BundleDamagedError."""
    manifest = _decode(data, Manifest, "the manifest")
    if manifest.artifact_type != ARTIFACT or manifest.config.media_type != CONFIG:
        raise BundleDamagedError("it is an OCI image, but no bundle of a task store", hint="name a bundle")
    kinds = [layer.media_type for layer in manifest.layers]
    if not set(kinds) <= set(PACKS) or kinds != sorted(kinds, key=PACKS.index):
        raise BundleDamagedError("its packs are of unknown kinds, or not in order")
    if len(kinds) > LAYERS or any(layer.size > LAYER_BYTES for layer in manifest.layers):
        raise BundleDamagedError("it has more or larger packs than any bundle")
    return manifest


def read_config(data: bytes) -> Config:
    """The configuration. Raises BundleDamagedError."""
    config = _decode(data, Config, "the configuration")
    if config.format != FORMAT:
        raise BundleDamagedError(f"format {config.format} is unknown", hint="use a newer version of taskstore")
    if config.since.sequence > config.until.sequence:
        raise BundleDamagedError("it ends before it begins")
    return config


def _decode(data: bytes, kind: type[Document], what: str) -> Document:
    try:
        return msgspec.json.decode(data, type=kind, dec_hook=_decode_value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, InvalidDigestError, ValueError) as error:
        raise BundleDamagedError(f"{what} cannot be read: {error}") from error


def _decode_value(kind: type, value: Any) -> Any:
    if kind is Digest:
        return Digest.parse(value)
    raise TypeError(f"a bundle's document cannot hold a {kind.__name__}")
