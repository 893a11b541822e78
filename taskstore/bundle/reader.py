"""Reading a bundle that nobody vouches for: each pack is verified whole before a record of it is looked at."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from taskstore.bundle import layout, tar
from taskstore.bundle.facts import Carried, read_bases, read_chain, read_entries
from taskstore.bundle.layout import Config, Descriptor
from taskstore.bundle.limits import CONFIG_BYTES, INDEX_BYTES, MANIFEST_BYTES
from taskstore.bundle.packs import records
from taskstore.bundle.parts import BundleFile, OpenFile, Part, join, read_part
from taskstore.cas.limits import BLOB_BYTES
from taskstore.errors import BundleDamagedError, InvalidInputError
from taskstore.journal.changes import Change
from taskstore.journal.entry import Entry
from taskstore_specs.digest import Digest


class Bundle:
    """A bundle in an open file: its documents are read and checked, its packs are when they are iterated.

    `digest` is that of its manifest, by which container registries know it. Every method raises BundleDamagedError,
    StorageError. The file may change meanwhile (a hostile memory stick can answer differently each time): what comes
    out still has the digests that the manifest named when the bundle was opened.
    """

    def __init__(self, file: BundleFile, name: str) -> None:
        self.file, self.name = file, name
        self._members = tar.scan(file)
        layout_file = self._read(tar.LAYOUT, INDEX_BYTES)
        layout.check_layout(layout_file)
        index = self._read(tar.INDEX, INDEX_BYTES)
        described = layout.read_index(index)
        self.digest, self._manifest_member = described.digest, described.member
        self._manifest_bytes = self._read_blob(described, MANIFEST_BYTES)
        self._manifest = layout.read_manifest(self._manifest_bytes)
        self._check_members(described)
        as_written = (layout.LAYOUT_FILE, layout.make_index(self._manifest_bytes))
        if tar.is_ours(file) and (layout_file, index) != as_written:
            raise BundleDamagedError("oci-layout or index.json is not as it was written")
        self.config: Config = layout.read_config(self._read_blob(self._manifest.config, CONFIG_BYTES))

    def bases(self) -> Iterator[Change]:
        """See `read_bases`."""
        return read_bases(self._records(layout.BASES))

    def entries(self) -> Iterator[Carried]:
        """See `read_entries`."""
        return read_entries(self._records(layout.ENTRIES), self.config)

    def journal_entries(self) -> Iterator[tuple[Entry, Digest]]:
        """The entries as they stand in their store's journal; none if only some facts of them were chosen."""
        if self.config.selection.scope:
            return
        for entry, digest, _ in read_chain(self._records(layout.ENTRIES), self.config):
            yield entry, digest

    def blobs(self) -> Iterator[tuple[Digest, bytes]]:
        """The blobs, by ascending digest."""
        last = Digest("")
        for record in self._records(layout.BLOBS):
            digest = Digest.of(record)
            if len(record) > BLOB_BYTES or not last < digest:
                raise BundleDamagedError("its blobs are too large or out of order")
            last = digest
            yield digest, record

    def agrees(self, offset: int, chunk: bytes) -> bool:
        """Whether `chunk`, read from `offset` of the file, agrees with the manifest that was read before."""
        member = self._members[self._manifest_member]
        start, end = max(offset, member.offset), min(offset + len(chunk), member.offset + member.size)
        if start >= end:
            return True
        expected = self._manifest_bytes[start - member.offset : end - member.offset]
        return chunk[start - offset : end - offset] == expected

    def _records(self, kind: str) -> Iterator[bytes]:
        for pack in self._manifest.layers:
            if pack.media_type == kind:
                yield from records(self._read_blob(pack, pack.size))

    def _read(self, name: str, limit: int) -> bytes:
        member = self._members.get(name)
        if member is None:
            raise BundleDamagedError(f"it has no {name}", hint="name a bundle that `bundle create` made")
        if member.size > limit:
            raise BundleDamagedError(f"{name} has {member.size} bytes, at most {limit} are read")
        data = self.file.read_at(member.offset, member.size)
        if len(data) != member.size:
            raise BundleDamagedError(f"{name} is cut short")
        return data

    def _read_blob(self, descriptor: Descriptor, limit: int) -> bytes:
        data = self._read(descriptor.member, limit)
        if len(data) != descriptor.size or layout.sha256(data) != descriptor.digest:
            raise BundleDamagedError(f"{descriptor.member} does not have its digest")
        return data

    def _check_members(self, manifest: Descriptor) -> None:
        described = [manifest, self._manifest.config, *self._manifest.layers]
        expected = {tar.LAYOUT, tar.INDEX, *(descriptor.member for descriptor in described)}
        if self._members.keys() != expected:
            odd = sorted(self._members.keys() ^ expected)[0]
            raise BundleDamagedError(f"{odd} is {'missing' if odd in expected else 'named by nothing'}")


@contextmanager
def opened(paths: Sequence[Path]) -> Iterator[list[Bundle]]:
    """The bundles in some files, in the order in which they follow each other; parts are joined, whatever their order.

    Raises BundlePartMissingError, BundleDamagedError, NotFoundError, StorageError.
    """
    with contextlib.ExitStack() as stack:
        whole: list[Bundle] = []
        parts: dict[str, list[tuple[Part, OpenFile]]] = {}
        for path in paths:
            file = OpenFile(path)
            stack.callback(file.close)
            part = read_part(file)
            if part is None:
                whole.append(Bundle(file, str(path)))
            else:
                parts.setdefault(part.bundle, []).append((part, file.without_header()))
        for found in parts.values():
            whole.append(Bundle(join(found), whole_name(found[0][1].path)))
        yield sorted(whole, key=lambda bundle: (bundle.config.store_id, bundle.config.since.sequence))


def whole_name(path: Path) -> str:
    """The name of the bundle that the file `path` is a part of: without its `.part…`."""
    return str(path.with_name(path.name.rpartition(".part")[0] or path.name))


def require_one(bundles: Sequence[Bundle]) -> Bundle:
    """The only one of some bundles. Raises InvalidInputError."""
    if len(bundles) != 1:
        raise InvalidInputError(f"{len(bundles)} bundles were named", hint="name one bundle, or all parts of one")
    return bundles[0]
