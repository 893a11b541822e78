"""What a store with the policy `signatures: required` takes: manifests that somebody it trusts has signed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from taskstore.errors import SignatureMissingError, TaskstoreError
from taskstore.plan.outcome import Outcome
from taskstore.plan.policy import Policy, SignaturePolicy
from taskstore.store.commit import Clock
from taskstore.store.preparing import Batch, PreparedFile
from taskstore.store.results import DeployResult
from taskstore.store.source import Source
from taskstore.trust import Trust
from taskstore_specs.digest import Digest

Guard = Callable[[Source], None]
"""Raises NotTrustedError, or SignatureToolError, unless a file may be deployed."""


def guard_of(root: Path, policy: Policy, clock: Clock) -> Guard | None:
    """The guard of the store at `root`; None if it takes unsigned manifests as well."""
    if policy.signatures is not SignaturePolicy.REQUIRED:
        return None
    trust = Trust(root, clock)

    def guard(source: Source) -> None:
        if source.signature is None:
            raise SignatureMissingError(
                f"{source.path} has no signature",
                hint="this store takes only what is signed: deploy it as a file, with its .sig beside it",
            )
        trust.check(lambda: [source.data], source.signature)

    return guard


def guarded(batch: Batch, guard: Guard, known: Mapping[str, Digest]) -> Batch:
    """The batch with those files refused that `guard` does not let pass.

    What `known` says was deployed from its path before, byte for byte, passed then.
    """
    return [file if isinstance(file, DeployResult) else _guarded(file, guard, known) for file in batch]


def _guarded(file: PreparedFile, guard: Guard, known: Mapping[str, Digest]) -> PreparedFile | DeployResult:
    source = file.source
    if known and known.get(source.path) == Digest.of(source.data):
        return file
    try:
        guard(source)
    except TaskstoreError as error:
        return DeployResult(path=source.path, document=0, outcome=Outcome.REJECTED, error=error)
    return file
