"""Who is calling: told by a bearer token, a client certificate, or where the call comes from."""

from __future__ import annotations

import hmac
import stat
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path

import msgspec

from taskstore.disk.files import read_file
from taskstore.errors import InvalidInputError
from taskstore_daemon.serve.limits import TOKEN_CHARACTERS, TOKEN_FILE_BYTES

current_caller: ContextVar[str] = ContextVar("current_caller")
"""Who sent the request at hand."""


current_base: ContextVar[str] = ContextVar("current_base")
"""The URL, without a path, under which the server was called for the request at hand."""


class Tokens(msgspec.Struct, frozen=True):
    """The bearer tokens that are taken, and whose each is."""

    names: Mapping[bytes, str]

    def name_of(self, authorization: bytes) -> str | None:
        """Whose token an Authorization header holds; None when it holds none of ours."""
        scheme, _, token = authorization.partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        # Every token is compared in full, so that the time taken tells nothing.
        matches = [name for known, name in self.names.items() if hmac.compare_digest(known, token.strip())]
        return matches[0] if matches else None


def read_tokens(path: Path) -> Tokens:
    """Read a file of lines `NAME TOKEN`; empty lines and those that begin with `#` say nothing.

    Raises InvalidInputError for a line of another form, a short token, a name or token given twice, and for a file
    that others than its owner may read; NotFoundError, StorageError.
    """
    data = read_file(path, most=TOKEN_FILE_BYTES, follow=True)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InvalidInputError(f"{path} may be read by others", hint=f"chmod 600 {path}")
    names: dict[bytes, str] = {}
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip() and not line.startswith(b"#"):
            name, token = _read_line(line, f"{path}:{number}")
            if token in names or name in names.values():
                raise InvalidInputError(f"{path}:{number} repeats a name or a token", hint="give each once")
            names[token] = name
    if not names:
        raise InvalidInputError(f"{path} holds no token", hint="write lines `NAME TOKEN`")
    return Tokens(names)


def _read_line(line: bytes, where: str) -> tuple[str, bytes]:
    words = line.split()
    if len(words) != 2 or not line.isascii():
        raise InvalidInputError(f"{where} is not `NAME TOKEN`", hint="write two words of ASCII")
    name, token = words
    if len(token) < TOKEN_CHARACTERS:
        raise InvalidInputError(
            f"{where} has a token of {len(token)} characters",
            hint=f"use {TOKEN_CHARACTERS} or more, for example from `openssl rand -hex 32`",
        )
    return name.decode("ascii"), token
