"""Who made a bundle or a manifest: SSH signatures, made and checked by `ssh-keygen` (ssh-keygen(1), -Y), as git does.

No key material passes through here: keys are named to `ssh-keygen` as files, or lie in an agent.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from taskstore.disk.files import read_file
from taskstore.errors import (
    LimitExceededError,
    NotAFileError,
    NotFoundError,
    SignatureAlteredError,
    SignatureExpiredError,
    SignatureKeyUnknownError,
    SignatureMissingError,
    SignatureNamespaceError,
    SignatureRevokedError,
    SignatureToolError,
)
from taskstore.trust.sshsig import read_signature

NAMESPACE = "taskstore"
ALLOWED_SIGNERS, REVOKED_KEYS = "allowed_signers", "revoked_keys"
SUFFIX = ".sig"
_WAIT = 600.0
_MOST_BYTES = 64 * 1024

Content = Callable[[], Iterable[bytes]]
"""Gives what was signed, piece by piece, from the start each time that it is called."""


class Signer(msgspec.Struct, frozen=True):
    """Who signed: a principal of `allowed_signers`."""

    principal: str


class Trust:
    """The keys that a store trusts: its files `allowed_signers` and, where there is one, `revoked_keys`."""

    def __init__(self, root: Path, now: Callable[[], datetime]) -> None:
        self._allowed, self._revoked, self._now = root / ALLOWED_SIGNERS, root / REVOKED_KEYS, now

    def check(self, content: Content, signature: Path) -> Signer:
        """Who signed `content`. Raises SignatureMissingError, SignatureMalformedError, SignatureNamespaceError,
        SignatureAlteredError, SignatureKeyUnknownError, SignatureExpiredError, SignatureRevokedError,
        SignatureToolError.
        """
        signed = read_signature(_read(signature))
        if signed.namespace != NAMESPACE:
            raise SignatureNamespaceError(
                f"{signature} was made for {signed.namespace!r}, not for {NAMESPACE!r}",
                hint=f"sign with `ssh-keygen -Y sign -n {NAMESPACE}`",
            )
        _require_allowed(self._allowed)
        principal = self._principal(signature)
        if principal is not None and self._verifies(principal, content, signature, revocation=True):
            return Signer(principal)
        raise self._refusal(principal, content, signature, signed.key)

    def _refusal(self, principal: str | None, content: Content, signature: Path, key: str) -> Exception:
        """Why a signature was refused, found by asking for less each time."""
        if not _runs("check-novalidate", "-n", NAMESPACE, "-s", str(signature), content=content):
            return SignatureAlteredError(
                f"what {signature} signs was altered", hint="copy the file and its signature again from where they come"
            )
        if principal is None and key in self._allowed.read_text("utf-8", "replace").split():
            return SignatureExpiredError(
                f"the key that made {signature} is not valid now", hint=f"{self._allowed} says when it is"
            )
        if principal is None or not self._verifies(principal, content, signature, revocation=False):
            return SignatureKeyUnknownError(
                f"the key that made {signature} is not one of those trusted here",
                hint=f"if it should be, add it to {self._allowed}",
            )
        return SignatureRevokedError(
            f"the key of {principal} that made {signature} was revoked", hint=f"it is in {self._revoked}"
        )

    def _principal(self, signature: Path) -> str | None:
        """Who has the key that a signature names, if it is valid now; the signature itself is not checked."""
        asked = ("find-principals", "-s", str(signature), "-f", str(self._allowed), self._at())
        done = _run(*asked, content=None)
        lines = done.stdout.decode("utf-8", "replace").splitlines()
        return lines[0].split(",")[0] if done.returncode == 0 and lines else None

    def _verifies(self, principal: str, content: Content, signature: Path, *, revocation: bool) -> bool:
        revoked = ("-r", str(self._revoked)) if revocation and self._revoked.exists() else ()
        named = ("-f", str(self._allowed), "-I", principal, "-n", NAMESPACE, "-s", str(signature))
        return _runs("verify", *named, *revoked, self._at(), content=content)

    def _at(self) -> str:
        return f"-Overify-time={self._now().astimezone(UTC):%Y%m%d%H%M%S}Z"


def sign(content: Content, key: Path) -> bytes:
    """The signature of `content` with a private key file, or with the agent's key of a public one.

    Raises SignatureToolError.
    """
    done = _run("sign", "-f", str(key), "-n", NAMESPACE, content=content)
    if done.returncode != 0 or not done.stdout:
        why = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise SignatureToolError(
            f"cannot sign with {key}: {why[-1] if why else 'ssh-keygen failed'}",
            hint="name a private key, or the public key of one in the agent",
        )
    return done.stdout


def _read(path: Path) -> bytes:
    try:
        return read_file(path, most=_MOST_BYTES, follow=True)
    except (NotFoundError, NotAFileError, LimitExceededError) as error:
        raise SignatureMissingError(
            f"there is no signature {path}", hint="this store takes only what is signed; bring the .sig file too"
        ) from error


def _require_allowed(path: Path) -> None:
    if not path.is_file():
        raise SignatureKeyUnknownError(
            f"nobody is trusted here: there is no {path}",
            hint="write into it who may sign: a name, a space, and a public key, as in ssh-keygen(1)",
        )


def _runs(*arguments: str, content: Content | None) -> bool:
    return _run(*arguments, content=content).returncode == 0


def _run(action: str, *arguments: str, content: Content | None) -> subprocess.CompletedProcess[bytes]:
    command = ["ssh-keygen", "-Y", action, *arguments]
    try:
        with subprocess.Popen(  # noqa: S603 - the arguments are ours, or names of files
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            _feed(process, content)
            out, err = process.communicate(timeout=_WAIT)
    except FileNotFoundError as error:
        raise SignatureToolError("there is no ssh-keygen", hint="install OpenSSH's client programs") from error
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _feed(process: subprocess.Popen[bytes], content: Content | None) -> None:
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    try:
        for chunk in content() if content else ():
            process.stdin.write(chunk)
        process.stdin.flush()
    except BrokenPipeError:
        pass  # It has refused already, and says why.
