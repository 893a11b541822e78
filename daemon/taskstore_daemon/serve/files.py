"""Bytes that are no messages: code bundles and inputs, put through signed URLs, got by digest or by name."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from http import HTTPStatus

from connectrpc.code import Code
from connectrpc.errors import ConnectError

from taskstore_daemon.serve.exchange import Exchange, Scope
from taskstore_daemon.serve.limits import UPLOADS_AT_ONCE
from taskstore_daemon.serve.registry import Registry
from taskstore_daemon.serve.signing import DownloadPermit, Signer, UploadPermit
from taskstore_specs.digest import Digest

SIGNED, BLOBS, NAMES = "/signed/", "/blobs/", "/files/"
OPAQUE = "application/octet-stream"
_MOST_MEDIA_TYPE = 127


class Files:
    """`PUT` and `GET /signed/WORD`, `GET /blobs/DIGEST`, and `GET /files/NAME` for `taskstore://NAME`.

    What a URL names is looked up; no part of it ever becomes a path on disk.
    """

    def __init__(self, registry: Registry, signer: Signer) -> None:
        self._registry, self._signer = registry, signer
        self._uploads = asyncio.Semaphore(UPLOADS_AT_ONCE)

    def has(self, path: str) -> bool:
        """Whether `path` is one of `answer`'s."""
        return path.startswith((BLOBS, NAMES))

    async def answer(self, scope: Scope, exchange: Exchange) -> None:
        """Answer a caller who may read everything."""
        path = scope["path"]
        if scope["method"] not in ("GET", "HEAD"):
            return await exchange.answer(HTTPStatus.METHOD_NOT_ALLOWED, headers=[(b"allow", b"GET, HEAD")])
        if path.startswith(BLOBS):
            return await self._give(exchange, Digest.parse(path.removeprefix(BLOBS)), OPAQUE)
        blob = await self._registry.run(lambda store: store.find_blob(path.removeprefix(NAMES)))
        return await self._give(exchange, blob.digest, blob.media_type)

    async def answer_signed(self, scope: Scope, headers: Mapping[bytes, bytes], exchange: Exchange) -> None:
        """Answer who has a signed URL."""
        permit = self._signer.read(scope["path"].removeprefix(SIGNED))
        method = scope["method"]
        if isinstance(permit, DownloadPermit) and method in ("GET", "HEAD"):
            return await self._give(exchange, permit.digest, permit.media_type)
        if isinstance(permit, UploadPermit) and method == "PUT":
            async with self._uploads:
                return await self._take(permit, headers, exchange)
        return await exchange.answer(HTTPStatus.METHOD_NOT_ALLOWED)

    async def _give(self, exchange: Exchange, digest: Digest, media_type: str) -> None:
        data = await self._registry.run(lambda store: store.blobs.get(digest))
        headers = [
            (b"content-type", media_type.encode("ascii")),
            (b"etag", f'"{digest}"'.encode("ascii")),
            # What somebody uploaded is never a page of ours.
            (b"content-disposition", b"attachment"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await exchange.answer(HTTPStatus.OK, data, headers)

    async def _take(self, permit: UploadPermit, headers: Mapping[bytes, bytes], exchange: Exchange) -> None:
        media_type = _media_type(headers.get(b"content-type", b""))
        self._signer.spend(permit)
        try:
            data = await exchange.body()
            _check(data, permit, headers.get(b"content-md5"))
            blob = await self._registry.run(
                lambda store: store.put_blob(permit.name, data, media_type=media_type, by=permit.by)
            )
        except BaseException:
            self._signer.give_back(permit)
            raise
        await exchange.answer(HTTPStatus.OK, headers=[(b"etag", f'"{blob.digest}"'.encode("ascii"))])


def _media_type(given: bytes) -> str:
    text = given.decode("latin-1")
    return text if text.isascii() and text.isprintable() and 0 < len(text) <= _MOST_MEDIA_TYPE else OPAQUE


def _check(data: bytes, permit: UploadPermit, content_md5: bytes | None) -> None:
    digest = hashlib.md5(data, usedforsecurity=False).digest()
    if permit.size is not None and len(data) != permit.size:
        raise ConnectError(Code.INVALID_ARGUMENT, f"the body has {len(data)} bytes, not the {permit.size} announced")
    if digest.hex() != permit.md5 or content_md5 not in (None, base64.b64encode(digest)):
        raise ConnectError(Code.INVALID_ARGUMENT, "the body does not have the MD5 that was announced")
