"""Bounds of the blob store."""

BLOB_BYTES = 64 * 1024 * 1024
"""The largest blob that is stored or read. A manifest is at most 4 MiB, but YAML aliases can make its spec larger."""
