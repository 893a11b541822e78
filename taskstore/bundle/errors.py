"""What can be wrong with a bundle, a receipt or a signature."""

from __future__ import annotations

from collections.abc import Sequence

from taskstore.errors import ConflictError, DamagedError, InvalidInputError, NotTrustedError
from taskstore.plan.survey import Conflict

_SHOWN = 20


class BundleDamagedError(InvalidInputError):
    """A bundle, or a part of one, is not as its maker wrote it, or was made to do harm. Nothing of it was used."""

    code = "bundle_damaged"

    def __init__(self, why: str, *, hint: str = "copy it again from where it was made; nothing was changed") -> None:
        super().__init__(f"the bundle is damaged: {why}", hint=hint)


class BundlePartMissingError(InvalidInputError):
    """Not all parts of a bundle were given. `missing` are the numbers of the others, of `count`."""

    code = "bundle_part_missing"

    def __init__(self, missing: Sequence[int], count: int) -> None:
        named = ", ".join(map(str, missing[:_SHOWN])) + (" …" if len(missing) > _SHOWN else "")
        super().__init__(
            f"part {named} of {count} is missing" if len(missing) == 1 else f"parts {named} of {count} are missing",
            hint="name all parts of the bundle, in any order",
        )
        self.missing, self.count = tuple(missing), count


class BundleGapError(ConflictError):
    """A bundle begins after what this store knows of its maker. `since` is the entry to ask for."""

    code = "bundle_gap"

    def __init__(self, store_id: str, since: int, begins: int) -> None:
        super().__init__(
            f"this store knows {store_id} up to entry {since}, and the bundle begins after entry {begins}",
            hint=f"ask for a bundle made with --since {since}, or with this store's receipt",
        )
        self.store_id, self.since, self.begins = store_id, since, begins


class BundleHistoryError(ConflictError):
    """Two different histories go by the same store id: one was restored from a copy, or forged."""

    code = "bundle_history"


class BundleConflictError(ConflictError):
    """A bundle contradicts what this store has. Nothing of it was taken."""

    code = "bundle_conflict"

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        lasting = any(conflict.lasting for conflict in conflicts)
        super().__init__(
            f"{len(conflicts)} contradiction{'s' if len(conflicts) > 1 else ''} between the bundle and this store:"
            f" {', '.join(conflict.name for conflict in conflicts[:3])}{' …' if len(conflicts) > 3 else ''}",
            hint="--on-conflict ours keeps what is here"
            + ("" if lasting else ", --on-conflict theirs takes what comes")
            + "; `bundle verify` lists them",
        )
        self.conflicts = tuple(conflicts)


class ReceiptError(InvalidInputError):
    """A receipt cannot be read, or was mistyped."""

    code = "receipt"


class SignatureMissingError(NotTrustedError):
    """The store takes only what is signed, and there is no signature."""

    code = "signature_missing"


class SignatureMalformedError(NotTrustedError):
    """The signature is none."""

    code = "signature_malformed"


class SignatureNamespaceError(NotTrustedError):
    """The signature was made for something else than taskstore."""

    code = "signature_namespace"


class SignatureAlteredError(NotTrustedError):
    """The signature is of other bytes: what was signed was altered."""

    code = "signature_altered"


class SignatureKeyUnknownError(NotTrustedError):
    """The store's `allowed_signers` does not name the key that signed."""

    code = "signature_key_unknown"


class SignatureExpiredError(NotTrustedError):
    """The key that signed is not valid now."""

    code = "signature_expired"


class SignatureRevokedError(NotTrustedError):
    """The key that signed was revoked."""

    code = "signature_revoked"


class SignatureToolError(DamagedError):
    """`ssh-keygen` is missing, or the store's files of keys cannot be used."""

    code = "signature_tool"
