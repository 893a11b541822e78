"""Bounds of the journal."""

ENTRY_BYTES = 64 * 1024 * 1024
"""The largest entry that is written or read."""

ENTRIES = 10**12 - 1
"""The highest number that an entry can have: its file name has 12 digits."""
