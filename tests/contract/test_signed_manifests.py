"""A store with `signatures: required` takes nothing that nobody it trusts has signed, by whatever way it comes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from taskstore import Format, Outcome, Source, read_source
from taskstore.errors import SignatureAlteredError, SignatureKeyUnknownError, SignatureMissingError
from taskstore.plan.policy import SignaturePolicy
from taskstore.trust import sign
from taskstore_specs.models import Trigger

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs the Debian package openssh-client")


@pytest.fixture
def strict(make_registry: Any, tmp_path: Path) -> Any:
    """A registry that requires signatures and trusts the key `good`."""
    for name in ("good", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    registry = make_registry(signatures=SignaturePolicy.REQUIRED)
    public = (tmp_path / "good.pub").read_text()
    (registry.store.root / "allowed_signers").write_text(f"good@here {public}")
    return registry


def manifest(registry: Any, folder: Path, *, key: str | None, image: str = "i") -> Source:
    file = folder / "manifest.json"
    file.write_text(json.dumps(registry.document(image=image)))
    if key:
        (folder / "manifest.json.sig").write_bytes(sign(lambda: [file.read_bytes()], folder / key))
    return read_source(file)


def error_of(registry: Any, source: Source) -> Any:
    head = registry.store.journal.head()
    [result] = registry.store.deploy([source]).results
    assert result.outcome is Outcome.REJECTED
    assert registry.store.journal.head() == head
    return result.error


def test_a_signed_manifest_is_deployed(strict: Any, tmp_path: Path) -> None:
    [result] = strict.store.deploy([manifest(strict, tmp_path, key="good")]).results
    assert result.outcome is Outcome.CREATED


def test_one_without_a_signature_is_refused(strict: Any, tmp_path: Path) -> None:
    assert isinstance(error_of(strict, manifest(strict, tmp_path, key=None)), SignatureMissingError)


def test_one_that_came_by_no_file_is_refused(strict: Any) -> None:
    source = Source("-", json.dumps(strict.document()).encode(), Format.JSON)
    assert isinstance(error_of(strict, source), SignatureMissingError)


def test_one_that_was_altered_is_refused(strict: Any, tmp_path: Path) -> None:
    manifest(strict, tmp_path, key="good")
    assert isinstance(error_of(strict, manifest(strict, tmp_path, key=None, image="other")), SignatureAlteredError)


def test_one_that_a_stranger_signed_is_refused(strict: Any, tmp_path: Path) -> None:
    assert isinstance(error_of(strict, manifest(strict, tmp_path, key="stranger")), SignatureKeyUnknownError)


def test_a_preview_says_so_too(strict: Any, tmp_path: Path) -> None:
    [shown] = strict.store.preview([manifest(strict, tmp_path, key=None)])
    assert isinstance(shown.result.error, SignatureMissingError)


def test_a_bad_one_does_not_hold_up_the_others(strict: Any, tmp_path: Path) -> None:
    good = manifest(strict, tmp_path, key="good")
    bad = Source("bad.json", json.dumps(strict.document("v2")).encode(), Format.JSON)
    outcomes = [result.outcome for result in strict.store.deploy([bad, good]).results]
    assert outcomes == [Outcome.REJECTED, Outcome.CREATED]


def test_a_watched_file_that_was_taken_is_not_asked_for_its_signature_again(strict: Any, tmp_path: Path) -> None:
    source = manifest(strict, tmp_path, key="good")
    assert len(strict.store.deploy([source], watched=True).results) == 1
    (tmp_path / "manifest.json.sig").unlink()
    assert strict.store.deploy([source], watched=True).results == ()


def test_a_trigger_alone_is_refused(strict: Any, tmp_path: Path, task: Any) -> None:
    strict.store.deploy([manifest(strict, tmp_path, key="good")])
    with pytest.raises(SignatureMissingError):
        strict.store.deploy_trigger(task.at("v1"), Trigger(name="t"))


def test_a_store_without_the_policy_takes_unsigned_ones(registry: Any) -> None:
    assert registry.deploy().outcome is Outcome.CREATED
