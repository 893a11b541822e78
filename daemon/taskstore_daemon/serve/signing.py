"""Signed URLs: permission to do one thing, for a while, carried by the URL itself.

The key is made when the server starts and is never written down, so a restart ends every URL that is out.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable

import msgspec

from taskstore.errors import NotTrustedError
from taskstore_daemon.serve.limits import URL_CHARACTERS
from taskstore_specs.digest import Digest

Now = Callable[[], float]
"""Tells the time, in seconds since 1970."""


class UploadPermit(msgspec.Struct, frozen=True, tag="upload"):
    """Bytes with this MD5 (and size, unless None) may be put once, to be stored under `name`.

    `expires` is in seconds since 1970; `nonce` tells this permit from every other.
    """

    name: str
    md5: str
    size: int | None
    by: str
    expires: float
    nonce: str


class DownloadPermit(msgspec.Struct, frozen=True, tag="download"):
    """The blob may be got, as often as one likes, until `expires`."""

    name: str
    digest: Digest
    media_type: str
    expires: float


Permit = UploadPermit | DownloadPermit


def _decode_digest(kind: type, value: object) -> object:
    if kind is Digest and isinstance(value, str):
        return Digest.parse(value)
    raise TypeError(f"a permit holds no {kind.__name__}")


_encoder = msgspec.json.Encoder(enc_hook=str)
_decoder: msgspec.json.Decoder[Permit] = msgspec.json.Decoder(Permit, dec_hook=_decode_digest)


class Signer:
    """Signs permits and believes only those it signed. Safe for threads but for `spend`."""

    def __init__(self, now: Now) -> None:
        self._key = secrets.token_bytes(32)
        self._now = now
        self._spent: dict[str, float] = {}

    def sign(self, permit: Permit) -> str:
        """The permit as a word that fits into a URL's path."""
        content = _encoder.encode(permit)
        return _to_word(content + self._seal(content))

    def read(self, word: str) -> Permit:
        """The permit that `word` is. Raises NotTrustedError when it was not signed here, or has expired."""
        data = _from_word(word)
        content, seal = data[:-32], data[-32:]
        if len(word) > URL_CHARACTERS or not hmac.compare_digest(seal, self._seal(content)):
            raise NotTrustedError("this URL was not signed by this server", hint="ask for a new one")
        permit = _decoder.decode(content)
        if permit.expires < self._now():
            raise NotTrustedError("this URL has expired", hint="ask for a new one")
        return permit

    def spend(self, permit: UploadPermit) -> None:
        """Use the permit up. Raises NotTrustedError when it was used already."""
        now = self._now()
        self._spent = {nonce: expires for nonce, expires in self._spent.items() if expires >= now}
        if permit.nonce in self._spent:
            raise NotTrustedError("this URL was used already", hint="ask for a new one")
        self._spent[permit.nonce] = permit.expires

    def give_back(self, permit: UploadPermit) -> None:
        """The use came to nothing; the permit may be used again."""
        self._spent.pop(permit.nonce, None)

    def _seal(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, "sha256")


def _to_word(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _from_word(word: str) -> bytes:
    try:
        return base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
