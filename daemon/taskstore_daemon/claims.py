"""Which file speaks for which task version. Two that say different things about one speak for neither. Pure.

Claims are kept as numbers of 128 bits, cut from digests: a hundred thousand files fit into some ten megabytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from taskstore.plan.prepare import Prepared, PreparedTask
from taskstore_specs import encode_canonical
from taskstore_specs.digest import Digest
from taskstore_specs.identity import TaskId


class FileId(NamedTuple):
    """A watched file: the number of its inbox, and its path there."""

    inbox: int
    path: str


class Claim(NamedTuple):
    """That a task version has a certain content (its spec and its triggers)."""

    version: int
    content: int


def claim(document: PreparedTask) -> Claim:
    """What a document claims."""
    triggers = msgspec.to_builtins(document.triggers, enc_hook=str)
    content = Digest.of(encode_canonical([document.digest.hex, triggers])) if triggers else document.digest
    return Claim(_version(document.task_id), _number(content))


def _version(task_id: TaskId) -> int:
    return _number(Digest.of(encode_canonical([task_id.project, task_id.domain, task_id.name, task_id.version])))


def _number(digest: Digest) -> int:
    return int(digest.hex[:32], 16)


class Claims:
    """The claims of all watched files."""

    def __init__(self) -> None:
        self._of_file: dict[FileId, tuple[Claim, ...]] = {}
        self._claimants: dict[int, tuple[FileId, ...]] = {}

    def replace(self, file: FileId, documents: Iterable[Prepared]) -> set[FileId]:
        """`file` claims what these documents say, and nothing else. Returns whose standing that may have changed."""
        before = self.rivals(file)
        for version, _ in self._of_file.pop(file, ()):
            left = tuple(other for other in self._claimants[version] if other != file)
            if left:
                self._claimants[version] = left
            else:
                del self._claimants[version]
        claims = tuple(claim(document) for document in documents if isinstance(document, PreparedTask))
        if claims:
            self._of_file[file] = claims
        for version, _ in claims:
            self._claimants[version] = (*self._claimants.get(version, ()), file)
        return before ^ self.rivals(file)

    def rivals(self, file: FileId) -> set[FileId]:
        """The files that claim a version that `file` claims, with other content."""
        return {other for claim in self._of_file.get(file, ()) for other in self._contradicting(claim)}

    def contradicted(self, file: FileId, document: PreparedTask) -> list[FileId]:
        """The files that say something else about the version that `document` of `file` is about, in order."""
        return sorted(other for other in self._contradicting(claim(document)) if other != file)

    def _contradicting(self, mine: Claim) -> Iterator[FileId]:
        for other in self._claimants.get(mine.version, ()):
            if any(their.version == mine.version and their.content != mine.content for their in self._of_file[other]):
                yield other
