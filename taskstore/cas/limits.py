"""Bounds of the blob store."""

BLOB_BYTES = 64 * 1024 * 1024
"""The largest blob that is stored or read. A manifest is at most 4 MiB, but YAML aliases can make its spec larger."""

BLOBS_AT_ONCE = 5_000
BYTES_AT_ONCE = 16 * 1024 * 1024
"""How many blobs, and how much of them, are held in memory to be made durable together."""
