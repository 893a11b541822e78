"""Which file speaks for which task version. Two that say different things about one speak for neither. Pure.

Claims are kept as 15 bytes of a digest each, which is enough to tell them apart, packed; with one more, Python would
take 16 more for each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice
from typing import NamedTuple

import msgspec

from taskstore.plan.prepare import Prepared, PreparedTask
from taskstore_specs import encode_canonical
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId


class FileId(msgspec.Struct, frozen=True, gc=False):
    """A watched file: the number of its inbox, and its path there."""

    inbox: int
    path: str


class Claim(NamedTuple):
    """That a task version has a certain content (its spec and its triggers)."""

    version: bytes
    content: bytes


_PART = 15


def claims_of(documents: Iterable[Prepared]) -> tuple[Claim, ...]:
    """What the documents of a file claim; of several about one version, the first."""
    claims = [_claim(document) for document in documents if isinstance(document, PreparedTask)]
    return tuple({claim.version: claim for claim in reversed(claims)}.values())


def _claim(document: PreparedTask) -> Claim:
    triggers = msgspec.to_builtins(document.triggers, enc_hook=str)
    content = Digest.of(encode_canonical([document.digest.hex, triggers])) if triggers else document.digest
    return Claim(_version(document.task_id), _part(content))


def _version(task_id: TaskId) -> bytes:
    parts = (task_id.project, task_id.domain, task_id.name, task_id.version)
    return _part(Digest.of(msgspec.json.encode(parts)))


def _part(digest: Digest) -> bytes:
    return bytes.fromhex(digest.hex[: 2 * _PART])


def _pack(claims: Iterable[Claim]) -> bytes:
    return b"".join(part for claim in claims for part in claim)


def _unpack(packed: bytes) -> list[Claim]:
    parts = [packed[start : start + _PART] for start in range(0, len(packed), _PART)]
    return [Claim(*pair) for pair in zip(parts[::2], parts[1::2], strict=True)]


class Claims:
    """The claims of all watched files.

    Nearly every version has one claimant, so those are kept apart, without containers of their own.
    """

    def __init__(self) -> None:
        self._of_file: dict[FileId, bytes] = {}
        self._sole: dict[bytes, FileId] = {}
        self._shared: dict[bytes, dict[bytes, dict[FileId, None]]] = {}
        """Of each version with several claimants, who claims which content, in the order they came."""

    def replace(self, file: FileId, new: Collection[Claim]) -> set[FileId]:
        """`file` claims this, and nothing else.

        Returns the other files that are contradicted now and were not, or were and are not any more.
        """
        old = _unpack(self._of_file.pop(file, b""))
        versions = {claim.version for claim in (*old, *new)}
        contested = {version for version in versions if self._is_contested(version)}
        for claim in old:
            self._withdraw(file, claim)
        if new:
            self._of_file[file] = _pack(new)
        for claim in new:
            self._add(file, claim)
        shaken = {
            other
            for version in versions
            if (version in contested) != self._is_contested(version)
            for other in self._claimants(version)
        }
        return shaken - {file}

    def contradicted(self, file: FileId, document: PreparedTask, *, most: int) -> list[FileId]:
        """Up to `most` files that say something else about the version that `document` of `file` is about."""
        if not self._shared:
            return []
        mine = _claim(document)
        others = (
            other
            for content, files in self._shared.get(mine.version, {}).items()
            if content != mine.content
            for other in files
            if other != file
        )
        return list(islice(others, most))

    def _is_contested(self, version: bytes) -> bool:
        return len(self._shared.get(version, ())) > 1

    def _claimants(self, version: bytes) -> list[FileId]:
        if version in self._sole:
            return [self._sole[version]]
        return [file for files in self._shared.get(version, {}).values() for file in files]

    def _add(self, file: FileId, claim: Claim) -> None:
        version = claim.version
        if version not in self._shared:
            if version not in self._sole:
                self._sole[version] = file
                return
            first = self._sole.pop(version)
            content = next(other.content for other in _unpack(self._of_file[first]) if other.version == version)
            self._shared[version] = {content: {first: None}}
        self._shared[version].setdefault(claim.content, {})[file] = None

    def _withdraw(self, file: FileId, claim: Claim) -> None:
        version = claim.version
        if version in self._sole:
            del self._sole[version]
            return
        contents = self._shared[version]
        del contents[claim.content][file]
        if not contents[claim.content]:
            del contents[claim.content]
        if len(contents) == 1 and len(next(iter(contents.values()))) == 1:
            self._sole[version] = next(iter(next(iter(contents.values()))))
            del self._shared[version]
