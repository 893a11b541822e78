"""The index: a DuckDB projection of the journal, for queries. It can be deleted at any time and comes back the same."""

from taskstore.index.index import Index, IndexWriter
from taskstore.index.state import current, is_named, sources

__all__ = ["Index", "IndexWriter", "current", "is_named", "sources"]
