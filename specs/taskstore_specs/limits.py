"""Every bound on what is read or stored, in one place. Sizes are bytes, counts are counts.

`specs/manifest.md` tables them; each is tested at the limit and one past it.
"""

MANIFEST_BYTES = 4 * 1024 * 1024
DOCUMENTS_PER_MANIFEST = 1_000
NESTING = 100
TRIGGERS_PER_TASK = 100
ALIAS_EXPANSION_NODES = 100_000
INTEGER = 2**53 - 1

PROJECT_CHARACTERS = 63
DOMAIN_CHARACTERS = 63
VERSION_CHARACTERS = 63
NAME_CHARACTERS = 255
SHORT_DESCRIPTION_CHARACTERS = 255
LONG_DESCRIPTION_CHARACTERS = 2048
