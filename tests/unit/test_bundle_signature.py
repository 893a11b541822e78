"""Each way in which a signature does not count is an error of its own; `ssh-keygen` is the real one."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from taskstore.errors import (
    NotTrustedError,
    SignatureAlteredError,
    SignatureExpiredError,
    SignatureKeyUnknownError,
    SignatureMalformedError,
    SignatureMissingError,
    SignatureNamespaceError,
    SignatureRevokedError,
)
from taskstore.trust import Trust, sign

pytestmark = [
    pytest.mark.usefixtures("no_network"),
    pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs the Debian package openssh-client"),
]
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
CONTENT = [b"what", b" was", b" signed" * 10_000]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of keys, and the files of a store that trusts some of them."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("good", "old", "early", "revoked", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    public = {name: (folder / f"{name}.pub").read_text() for name in ("good", "old", "early", "revoked")}
    (folder / "allowed_signers").write_text(
        f'good@here namespaces="taskstore" {public["good"]}'
        f'old@here valid-before="20260101Z" {public["old"]}'
        f'early@here valid-after="20270101Z" {public["early"]}'
        f"revoked@here {public['revoked']}"
    )
    (folder / "revoked_keys").write_text(public["revoked"])
    return folder


def check(keys: Path, signature: Path, content: list[bytes] = CONTENT) -> str:
    return Trust(keys, lambda: NOW).check(lambda: content, signature).principal


def signed(keys: Path, folder: Path, name: str) -> Path:
    path = folder / f"{name}.sig"
    path.write_bytes(sign(lambda: CONTENT, keys / name))
    return path


def test_a_trusted_key_is_named(keys: Path, tmp_path: Path) -> None:
    assert check(keys, signed(keys, tmp_path, "good")) == "good@here"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("old", SignatureExpiredError),
        ("early", SignatureExpiredError),
        ("revoked", SignatureRevokedError),
        ("stranger", SignatureKeyUnknownError),
    ],
)
def test_a_key_that_does_not_count_is_told_apart(
    keys: Path, tmp_path: Path, name: str, error: type[NotTrustedError]
) -> None:
    with pytest.raises(error):
        check(keys, signed(keys, tmp_path, name))


@pytest.mark.parametrize("name", ["good", "old", "revoked", "stranger"])
def test_altered_content_is_told_whoever_signed(keys: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(SignatureAlteredError):
        check(keys, signed(keys, tmp_path, name), [*CONTENT, b"!"])


def test_another_namespace_does_not_count(keys: Path, tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(b"".join(CONTENT))
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", keys / "good", tmp_path / "content"]
    subprocess.run(command, check=True)
    with pytest.raises(SignatureNamespaceError):
        check(keys, tmp_path / "content.sig")


@pytest.mark.parametrize(
    "text", [b"", b"nonsense", b"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"]
)
def test_what_is_no_signature_is_said_to_be_none(keys: Path, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "x.sig").write_bytes(text)
    with pytest.raises(SignatureMalformedError):
        check(keys, tmp_path / "x.sig")


def test_a_missing_signature_and_a_store_that_trusts_nobody(keys: Path, tmp_path: Path) -> None:
    with pytest.raises(SignatureMissingError):
        check(keys, tmp_path / "none.sig")
    with pytest.raises(SignatureKeyUnknownError):
        check(tmp_path, signed(keys, tmp_path, "good"))
