"""What makes an entry continue the chain. Pure."""

from __future__ import annotations

from taskstore.journal.entry import Entry, Head


def break_between(head: Head, entry: Entry) -> str | None:
    """Why `entry` does not follow `head`, or None if it does."""
    if entry.sequence != head.sequence + 1:
        return f"entry {entry.sequence} cannot follow entry {head.sequence}"
    if entry.previous != head.digest:
        return f"it names {entry.previous} as the entry before, which is {head.digest}"
    if head.committed_at is not None and entry.committed_at < head.committed_at:
        return f"it was committed at {entry.committed_at}, before the entry before it ({head.committed_at})"
    return None
