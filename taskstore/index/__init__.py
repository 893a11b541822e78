"""The index: a DuckDB projection of the journal, for queries. It can be deleted at any time and comes back the same."""

from taskstore.index.index import Index, IndexWriter
from taskstore.index.past import Past, Subjects, applied, origins, past
from taskstore.index.state import blob, current, is_named, sources, trigger_definitions

__all__ = [
    "Index",
    "IndexWriter",
    "Past",
    "Subjects",
    "applied",
    "blob",
    "current",
    "is_named",
    "origins",
    "past",
    "sources",
    "trigger_definitions",
]
