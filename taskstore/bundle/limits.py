"""Bounds of a bundle. Sizes are bytes, counts are counts."""

from taskstore.cas.limits import BLOB_BYTES
from taskstore.journal.limits import ENTRY_BYTES

PACK_BYTES = 4 * 1024 * 1024
"""A pack is closed once it has so many."""

LAYER_BYTES = PACK_BYTES + max(BLOB_BYTES, ENTRY_BYTES) + 1024
"""The largest pack: almost full when the largest record came."""

LAYERS = 15_000
"""As many packs as a manifest of MANIFEST_BYTES can name: 60 GB."""

MEMBERS = LAYERS + 6
MANIFEST_BYTES = 4 * 1024 * 1024
"""What container registries take at most (the OCI distribution specification asks them for that much)."""

CONFIG_BYTES = 1024 * 1024
INDEX_BYTES = 64 * 1024
PARTS = 9_999
PART_BYTES = 64 * 1024
"""The smallest part that is made."""

CHANGES = 10_000_000
"""The most facts in a bundle: bounds what is remembered while it is verified."""

RECEIPT_BYTES = 1_000
PAX_BYTES = 16 * 1024

FACTS_PER_ENTRY = 2_500
FACT_BYTES_PER_ENTRY = 16 * 1024 * 1024
"""How much of a bundle one journal entry takes; a larger bundle takes several. Bounds the memory: 5,000 facts at once
take 25 MB more."""
