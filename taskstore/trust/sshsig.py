"""What an SSH signature says of itself, before anybody checks it.

Format: PROTOCOL.sshsig of OpenSSH. Between the lines `-----BEGIN SSH SIGNATURE-----` and `-----END SSH SIGNATURE-----`
stands in base64: `SSHSIG`, a version (1), and as strings with a length of four bytes before each the public key, the
namespace, a reserved one, the hash algorithm and the signature.
"""

from __future__ import annotations

import base64
import binascii
import re

import msgspec

from taskstore.errors import SignatureMalformedError

_ARMOUR = re.compile(rb"\s*-----BEGIN SSH SIGNATURE-----\s(.*)-----END SSH SIGNATURE-----\s*", re.DOTALL)
_MAGIC, _VERSION = b"SSHSIG", 1
_HINT = "sign with `ssh-keygen -Y sign -n taskstore`, or `bundle create --sign KEY`"


class SshSignature(msgspec.Struct, frozen=True):
    """The key that a signature names, as OpenSSH writes it in `allowed_signers` (base64), and what it was made for."""

    key: str
    namespace: str


def read_signature(data: bytes) -> SshSignature:
    """Read a signature's text. Raises SignatureMalformedError."""
    armoured = _ARMOUR.fullmatch(data)
    try:
        blob = base64.b64decode(b"".join(armoured[1].split()), validate=True) if armoured else b""
    except binascii.Error:
        blob = b""
    if blob[:6] != _MAGIC or int.from_bytes(blob[6:10], "big") != _VERSION:
        raise SignatureMalformedError("the signature file is no SSH signature", hint=_HINT)
    key, rest = _string(blob[10:])
    namespace, _ = _string(rest)
    return SshSignature(base64.b64encode(key).decode("ascii"), namespace.decode("utf-8", "replace"))


def _string(data: bytes) -> tuple[bytes, bytes]:
    length = int.from_bytes(data[:4], "big")
    if len(data) < 4 or length > len(data) - 4:
        raise SignatureMalformedError("the signature file is cut short", hint=_HINT)
    return data[4 : 4 + length], data[4 + length :]
