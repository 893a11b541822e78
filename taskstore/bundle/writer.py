"""Writing a bundle: packs as they fill, then the documents that name them. The same content gives the same bytes."""

from __future__ import annotations

from typing import BinaryIO

from taskstore.bundle import layout, tar
from taskstore.bundle.layout import Config, Descriptor
from taskstore.bundle.limits import LAYERS
from taskstore.bundle.packs import Packer
from taskstore.errors import LimitExceededError


class BundleWriter:
    """Writes one bundle to `out`: records in the order of `layout.PACKS`, then `finish`."""

    def __init__(self, out: BinaryIO) -> None:
        self._out, self._packer = out, Packer()
        self._packs: list[Descriptor] = []
        self._kind = layout.PACKS[0]
        self._add_member(tar.LAYOUT, layout.LAYOUT_FILE)

    def add(self, kind: str, record: bytes) -> None:
        """One more record of `kind`, not before any of an earlier kind. Raises LimitExceededError."""
        if kind != self._kind:
            self._close_pack(self._packer.flush())
            self._kind = kind
        self._close_pack(self._packer.add(record))

    def finish(self, config: Config) -> str:
        """Write the documents; the digest of the manifest."""
        self._close_pack(self._packer.flush())
        if not self._packs:
            self._kind = layout.EMPTY
            self._close_pack(layout.EMPTY_BLOB)
        encoded = layout.encode(config)
        manifest = layout.make_manifest(encoded, tuple(self._packs))
        self._add_blob(encoded)
        self._add_blob(manifest)
        self._add_member(tar.INDEX, layout.make_index(manifest))
        self._out.write(tar.END)
        return layout.sha256(manifest)

    def _close_pack(self, pack: bytes | None) -> None:
        if pack is None:
            return
        if len(self._packs) == LAYERS:
            raise LimitExceededError(f"the bundle has more than {LAYERS} packs", hint="choose less of the store for it")
        self._add_blob(pack)
        self._packs.append(layout.describe(self._kind, pack))

    def _add_blob(self, data: bytes) -> None:
        self._add_member(f"{tar.BLOBS}{layout.sha256(data)[7:]}", data)

    def _add_member(self, name: str, data: bytes) -> None:
        self._out.write(tar.header(name, len(data)))
        self._out.write(data)
        self._out.write(tar.padding(len(data)))
