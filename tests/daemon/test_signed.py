"""A store that requires signatures: the inbox takes only what is signed, whichever of the two files comes first."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskstore.plan.policy import SignaturePolicy
from taskstore.trust import sign
from tests.daemon.plant import Plant, manifest, until

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs the Debian package openssh-client")


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Plant]:
    """A plant whose store requires signatures and trusts one key, `key`."""
    plant = Plant(tmp_path, signatures=SignaturePolicy.REQUIRED)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    (plant.store.root / "allowed_signers").write_text(f"good@here {(tmp_path / 'key.pub').read_text()}")
    yield plant
    plant.kill_all()
    plant.store.close()


def signature(plant: Plant, text: str) -> bytes:
    return sign(lambda: [text.encode()], plant.root / "key")


def test_a_signed_manifest_is_deployed(strict: Plant) -> None:
    strict.drop("a.json.sig", signature(strict, manifest("a")))
    strict.drop("a.json", manifest("a"))
    strict.start()
    assert strict.settled("a.json")["outcome"] == "created"


def test_a_manifest_waits_for_the_signature_that_comes_later(strict: Plant) -> None:
    strict.start()
    strict.drop("a.json", manifest("a"))
    note = strict.inbox / "a.json.error.txt"
    until(note.exists, "a note")
    assert "signature" in note.read_text()
    assert strict.deploys() == []
    strict.drop("a.json.sig", signature(strict, "something else"))
    until(lambda: "altered" in note.read_text(), "a note about the wrong signature")
    strict.drop("a.json.sig", signature(strict, manifest("a")))
    until(lambda: strict.deploys() == ["a@v1"], "deployed")
    until(lambda: not note.exists(), "no note")


def test_a_signature_outside_the_inbox_does_not_count(strict: Plant) -> None:
    outside = strict.root / "outside.sig"
    outside.write_bytes(signature(strict, manifest("a")))
    (strict.inbox / "a.json.sig").symlink_to(outside)
    strict.drop("a.json", manifest("a"))
    strict.start()
    until((strict.inbox / "a.json.error.txt").exists, "a note")
    assert strict.deploys() == []
