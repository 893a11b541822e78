"""Blobs: immutable bytes, named by their BLAKE3 digest."""

from taskstore.cas.batches import batches
from taskstore.cas.filestore import FileBlobStore
from taskstore.cas.interface import BlobReader, BlobStore, BlobWriter

__all__ = ["BlobReader", "BlobStore", "BlobWriter", "FileBlobStore", "batches"]
