"""The journal: a chain of numbered entries, each a commit. With the blobs it is all that a store knows."""

from taskstore.journal.entry import Entry, Head
from taskstore.journal.filejournal import FileJournal
from taskstore.journal.interface import Journal, JournalReader

__all__ = ["Entry", "FileJournal", "Head", "Journal", "JournalReader"]
