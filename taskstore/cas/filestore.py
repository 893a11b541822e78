"""Blobs as files: `objects/ab/ab12…`, described in `specs/store-format.md`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from taskstore.cas import sharding
from taskstore.cas.limits import BLOB_BYTES
from taskstore.disk.batch import replace_files
from taskstore.disk.files import file_size, read_file
from taskstore.disk.folders import list_folder, names_in, sync_folder
from taskstore.errors import (
    BlobDamagedError,
    BlobNotFoundError,
    InvalidInputError,
    LimitExceededError,
    NotAFileError,
    NotFoundError,
    StorageError,
)
from taskstore_specs.digest import Digest

_READ_ONLY = 0o444


class FileBlobStore:
    """The blobs of the store at `root`: a BlobStore on a local filesystem."""

    def __init__(self, root: Path) -> None:
        self._objects, self._tmp = root / "objects", root / "tmp"

    def get(self, digest: Digest) -> bytes:
        """See BlobReader."""
        path = self._path(digest)
        try:
            data = read_file(path, most=BLOB_BYTES)
        except NotFoundError as error:
            raise BlobNotFoundError(digest) from error
        except (NotAFileError, LimitExceededError) as error:
            raise BlobDamagedError(digest, path) from error
        if Digest.of(data) != digest:
            raise BlobDamagedError(digest, path)
        return data

    def contains(self, digest: Digest) -> bool:
        """See BlobReader."""
        return file_size(self._path(digest)) is not None

    def size(self, digest: Digest) -> int:
        """See BlobReader."""
        size = file_size(self._path(digest))
        if size is None:
            raise BlobNotFoundError(digest)
        return size

    def __iter__(self) -> Iterator[Digest]:
        """See BlobReader."""
        for shard in filter(sharding.is_shard, list_folder(self._objects)):
            for name in list_folder(self._objects / shard):
                digest = sharding.digest_of_name(shard, name)
                if digest is not None:
                    yield digest

    def put(self, data: bytes) -> Digest:
        """See BlobWriter."""
        digest = Digest.of(data)
        self._put({digest: data})
        return digest

    def put_many(self, blobs: Mapping[Digest, bytes]) -> int:
        """See BlobWriter."""
        for digest, data in blobs.items():
            if Digest.of(data) != digest:
                raise InvalidInputError(f"the bytes given for blob {digest} have another digest")
        return self._put(blobs)

    def _put(self, blobs: Mapping[Digest, bytes]) -> int:
        """Write what is missing or damaged, and make durable the names of what is there already: whoever wrote them
        may have been stopped just before that."""
        for data in blobs.values():
            if len(data) > BLOB_BYTES:
                raise LimitExceededError(f"a blob of {len(data)} bytes", hint=f"at most {BLOB_BYTES} are stored")
        missing: dict[Path, dict[str, bytes]] = {}
        for shard, digests in _by_shard(blobs).items():
            folder = self._objects / shard
            there = names_in(folder, [digest.hex for digest in digests])
            lost = [digest for digest in digests if digest.hex not in there or not self._is_whole(digest)]
            if len(lost) < len(digests):
                sync_folder(folder)
            if lost:
                missing[folder] = {digest.hex: blobs[digest] for digest in lost}
        replace_files(missing, tmp=self._tmp, mode=_READ_ONLY)
        return sum(map(len, missing.values()))

    def _is_whole(self, digest: Digest) -> bool:
        try:
            self.get(digest)
        except (BlobNotFoundError, BlobDamagedError, StorageError):
            return False
        return True

    def _path(self, digest: Digest) -> Path:
        return self._objects / sharding.path_of(digest)


def _by_shard(digests: Iterable[Digest]) -> Mapping[str, list[Digest]]:
    shards: defaultdict[str, list[Digest]] = defaultdict(list)
    for digest in digests:
        shards[sharding.shard_of(digest)].append(digest)
    return shards
