"""Signatures of bundles in the inbox: whichever of the two files comes first."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskstore.plan.policy import SignaturePolicy
from taskstore.trust import sign
from tests.daemon.air_gap import Upstream, carry, note_of, outcome
from tests.daemon.plant import Plant, until

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs the Debian package openssh-client")


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Upstream]:
    """The other side, with something to send."""
    upstream = Upstream(tmp_path / "upstream")
    upstream.deploy("a", content="x" * 100_000)
    yield upstream
    upstream.store.close()


def make_key(folder: Path, name: str) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    return folder / name


def trusting(folder: Path, policy: SignaturePolicy) -> Plant:
    """A plant whose store trusts one key, `key`."""
    plant = Plant(folder, signatures=policy)
    key = make_key(folder, "key")
    (plant.store.root / "allowed_signers").write_text(f"good@here {key.with_suffix('.pub').read_text()}")
    return plant


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Plant]:
    """A plant whose store requires signatures."""
    plant = trusting(tmp_path, SignaturePolicy.REQUIRED)
    yield plant
    plant.kill_all()
    plant.store.close()


@pytest.fixture
def lenient(tmp_path: Path) -> Iterator[Plant]:
    """A plant whose store requires none, and knows whom it trusts."""
    plant = trusting(tmp_path, SignaturePolicy.OPTIONAL)
    yield plant
    plant.kill_all()
    plant.store.close()


def test_a_bundle_waits_for_the_signature_that_comes_later(strict: Plant, upstream: Upstream) -> None:
    upstream.pack("a.tar", key=strict.root / "key")
    strict.start()
    carry(strict, upstream.folder / "a.tar")
    assert outcome(strict, "a.tar", "rejected")["error"]["code"] == "signature_missing"
    assert ".sig" in note_of(strict, "a.tar").read_text()
    assert strict.deploys() == []
    strict.drop("a.tar.sig", sign(lambda: [b"something else"], strict.root / "key"))
    until(lambda: "altered" in note_of(strict, "a.tar").read_text(), "a note about the wrong signature")
    carry(strict, upstream.folder / "a.tar.sig")
    assert outcome(strict, "a.tar", "applied")["bundle"]["signed_by"] == "good@here"
    assert not note_of(strict, "a.tar").exists()


def test_a_signature_may_come_before_the_parts_of_its_bundle(strict: Plant, upstream: Upstream) -> None:
    files = upstream.pack("a.tar", most=65_536, key=strict.root / "key")
    strict.start()
    carry(strict, upstream.folder / "a.tar.sig")
    carry(strict, files[1])
    assert outcome(strict, "a.tar", "waiting")["missing"] == [1]
    carry(strict, files[0])
    assert outcome(strict, "a.tar", "applied")["bundle"]["signed_by"] == "good@here"


def test_a_key_that_nobody_trusts(strict: Plant, upstream: Upstream) -> None:
    upstream.pack("a.tar", key=make_key(strict.root, "stranger"))
    carry(strict, upstream.folder / "a.tar", upstream.folder / "a.tar.sig")
    assert strict.call("run", "--once", str(strict.inbox)).returncode == 3
    assert outcome(strict, "a.tar", "rejected")["error"]["code"] == "signature_key_unknown"
    assert strict.deploys() == []


def test_a_signature_outside_the_inbox_does_not_count(strict: Plant, upstream: Upstream) -> None:
    upstream.pack("a.tar", key=strict.root / "key")
    carry(strict, upstream.folder / "a.tar")
    (strict.inbox / "a.tar.sig").symlink_to(upstream.folder / "a.tar.sig")
    (strict.inbox / "b.tar.sig").symlink_to("b.tar.sig")
    carry(strict, upstream.folder / "a.tar")
    shutil.copyfile(upstream.folder / "a.tar", strict.inbox / "b.tar")
    assert strict.call("run", "--once", str(strict.inbox)).returncode == 3
    for name in ("a.tar", "b.tar"):
        assert outcome(strict, name, "rejected")["error"]["code"] == "signature_missing"
    assert strict.deploys() == []


def test_where_none_is_required_a_wrong_one_is_refused_all_the_same(lenient: Plant, upstream: Upstream) -> None:
    carry(lenient, *upstream.pack("a.tar"))
    lenient.drop("a.tar.sig", sign(lambda: [b"something else"], lenient.root / "key"))
    lenient.start()
    assert outcome(lenient, "a.tar", "rejected")["error"]["code"] == "signature_altered"
    (lenient.inbox / "a.tar.sig").unlink()
    assert outcome(lenient, "a.tar", "applied")["bundle"]["signed_by"] is None


def test_a_key_that_is_trusted_later(strict: Plant, upstream: Upstream) -> None:
    key = make_key(strict.root, "new")
    upstream.pack("a.tar", key=key)
    strict.start()
    carry(strict, upstream.folder / "a.tar.sig", upstream.folder / "a.tar")
    assert outcome(strict, "a.tar", "rejected")["error"]["code"] == "signature_key_unknown"
    (strict.store.root / "allowed_signers").write_text(f"new@here {key.with_suffix('.pub').read_text()}")
    assert outcome(strict, "a.tar", "applied")["bundle"]["signed_by"] == "new@here"
