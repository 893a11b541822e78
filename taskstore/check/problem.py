"""What can be wrong with a store, and the command that mends it."""

from __future__ import annotations

import shlex
from enum import Enum
from pathlib import Path

import msgspec

from taskstore_specs.digest import Digest


class Kind(Enum):
    """What is wrong."""

    ENTRY_MISSING = "entry_missing"
    ENTRY_DAMAGED = "entry_damaged"
    CHAIN_BROKEN = "chain_broken"
    HEAD_UNEXPECTED = "head_unexpected"
    BLOB_MISSING = "blob_missing"
    BLOB_DAMAGED = "blob_damaged"
    INDEX_DIFFERS = "index_differs"
    FOREIGN_FILE = "foreign_file"
    EXPOSED = "exposed"


BLOB_KINDS = frozenset({Kind.BLOB_MISSING, Kind.BLOB_DAMAGED})
ENTRY_KINDS = frozenset({Kind.ENTRY_MISSING, Kind.ENTRY_DAMAGED, Kind.CHAIN_BROKEN})


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a store.

    `digest` is set of a blob, `sequence` of a journal entry, and `last_sequence` where a run of them is missing.
    `affects` names what needs the object: versions as `project/domain/name@version`, with ` revision N` if only an
    earlier revision needs it; triggers as their version and ` trigger NAME`. `repair` is the command to give, `STORE`
    in it a good copy.
    """

    kind: Kind
    message: str
    repair: str
    path: Path | None = None
    digest: Digest | None = None
    sequence: int | None = None
    last_sequence: int | None = None
    affects: tuple[str, ...] = ()


class Commands:
    """The commands that mend the store at `root`, ready for a shell."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._store = f"--store {shlex.quote(str(root))}"

    @property
    def repair(self) -> str:
        """Fetches what is missing or damaged."""
        return f"taskstore repair {self._store} --from STORE"

    @property
    def rebuild(self) -> str:
        """Makes the index anew."""
        return f"taskstore rebuild {self._store}"

    @property
    def collect(self) -> str:
        """Removes what no entry names."""
        return f"taskstore gc {self._store} --grace 0s"

    def set_aside(self, path: Path) -> str:
        """Moves a file that does not belong where it is to where it does no harm and is not lost at once."""
        return shlex.join(["mv", "--", str(path), str(self._root / "tmp")])

    def shut(self, path: Path) -> str:
        """Takes a write permission away from everybody."""
        return shlex.join(["chmod", "o-w", "--", str(path)])

    def own(self, path: Path, owner: int) -> str:
        """Gives a file to the store's owner."""
        return shlex.join(["chown", "-h", str(owner), "--", str(path)])
