"""`taskstore repair` on the deployed samples."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("no_network")

Taskstore = Callable[..., Any]


@pytest.fixture
def copy(store: Path) -> Path:
    """A good copy of the store."""
    return Path(shutil.copytree(store, store.parent / "copy"))


def test_what_is_lost_is_put_back_and_everything_lists_again(registry: Taskstore, store: Path, copy: Path) -> None:
    before = registry("list", "--all-versions", "--json").json
    for path in store.glob("objects/*/*"):
        path.unlink()
    entry = next(store.glob("journal/*/*1.json"))
    entry.chmod(0o644)
    entry.write_bytes(b"")
    run = registry("repair", "--from", copy, "--json")
    assert (run.code, run.json["repaired"], run.json["entries"], run.json["problems"]) == (0, 7, [1], [])
    assert registry("list", "--all-versions", "--json").json == before
    assert registry("fsck").code == 0


def test_what_is_left_is_told_and_is_exit_code_7(registry: Taskstore, store: Path, copy: Path) -> None:
    lost = next(store.glob("objects/*/*"))
    lost.unlink()
    (copy / lost.relative_to(store)).unlink()
    run = registry("repair", "--from", copy, "--json")
    assert (run.code, run.json["repaired"]) == (7, 0)
    assert [problem["kind"] for problem in run.json["problems"]] == ["blob_missing"]


@pytest.fixture
def grown(registry: Taskstore, store: Path) -> Path:
    """The store with four more entries, each a version with a specification of 60 KB."""
    for number in range(4):
        deploy(registry, f"v{number}")
    return store


def deploy(registry: Taskstore, version: str) -> None:
    manifest = f"""
    task_id: {{project: flytesnacks, domain: development, name: large, version: {version}}}
    spec: {{task_template: {{image: '{version * 30_000}'}}}}
    """
    assert registry("deploy", "-", stdin=manifest.encode()).code == 0


def damage(store: Path) -> list[str]:
    """Lose or flip blobs and entries, the last one too; what `fsck` must call it."""
    entries, blobs = sorted(store.glob("journal/*/*.json")), sorted(store.glob("objects/*/*"))
    entries[1].unlink()
    blobs[0].unlink()
    for path in (entries[-1], *blobs[1:3]):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 4
        path.chmod(0o644)
        path.write_bytes(data)
    return ["blob_damaged", "blob_damaged", "blob_missing", "entry_damaged", "entry_missing"]


def kinds(run: Any) -> list[str]:
    return sorted(problem["kind"] for problem in run.json["problems"])


def parts_of(created: Any) -> list[str]:
    """The arguments that name each file of a bundle."""
    assert created.code == 0, created.err
    return [argument for file in created.json["files"] for argument in ("--from", file)]


@pytest.mark.parametrize("options", [[], ["--max-part", "64K"]])
def test_a_bundle_gives_what_is_lost_too(registry: Taskstore, grown: Path, tmp_path: Path, options: list[str]) -> None:
    created = registry("bundle", "create", tmp_path / "all.bundle", *options, "--json")
    before = registry("list", "--all-versions", "--json").json
    expected = damage(grown)
    assert kinds(registry("fsck", "--json")) == expected
    run = registry("repair", *parts_of(created), "--json")
    assert (run.code, run.json["repaired"], run.json["problems"]) == (0, len(expected), [])
    assert registry("list", "--all-versions", "--json").json == before
    assert registry("fsck").code == 0


def test_what_a_bundle_does_not_have_is_told_with_what_needs_it(
    registry: Taskstore, grown: Path, tmp_path: Path
) -> None:
    """The bundle was made before the last version was deployed; a delta brings the rest."""
    head = len(list(grown.glob("journal/*/*.json")))
    assert registry("bundle", "create", tmp_path / "old.bundle").code == 0
    deploy(registry, "newest")
    assert registry("bundle", "create", tmp_path / "delta.bundle", "--since", str(head)).code == 0
    for path in grown.glob("objects/*/*"):
        path.unlink()
    run = registry("repair", "--from", tmp_path / "old.bundle", "--json")
    assert (run.code, kinds(run)) == (7, ["blob_missing"])
    assert run.json["problems"][0]["affects"] == ["flytesnacks/development/large@newest"]
    assert registry("repair", "--from", tmp_path / "delta.bundle").code == 0
    assert registry("fsck").code == 0


def test_a_bundle_of_another_store_gives_blobs_and_no_entries(registry: Taskstore, grown: Path, tmp_path: Path) -> None:
    assert registry("bundle", "create", tmp_path / "all.bundle").code == 0
    other = tmp_path / "other"
    assert registry("init", other).code == 0
    assert registry("bundle", "apply", tmp_path / "all.bundle", "--store", other).code == 0
    deploy(registry, "newest")
    for path in [*other.glob("journal/*/*.json"), *other.glob("objects/*/*")]:
        path.unlink()
    assert registry("bundle", "create", tmp_path / "again.bundle").code == 0
    run = registry("repair", "--from", tmp_path / "again.bundle", "--store", other, "--json")
    assert (run.json["repaired"], list(other.glob("journal/*/*.json"))) == (0, [])


def test_a_store_that_requires_signatures_is_mended_from_signed_bundles_only(
    registry: Taskstore, grown: Path, tmp_path: Path
) -> None:
    """A last entry fits the chain whoever wrote it, so the signature is what tells a good copy."""
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    unsigned = registry("bundle", "create", tmp_path / "unsigned.bundle", "--json")
    signed = registry("bundle", "create", tmp_path / "signed.bundle", "--max-part", "64K", "--sign", key, "--json")
    config = json.loads((grown / "taskstore.json").read_bytes())
    config["policies"]["signatures"] = "required"
    (grown / "taskstore.json").chmod(0o644)
    (grown / "taskstore.json").write_text(json.dumps(config))
    (grown / "allowed_signers").write_text(f"backup@example.org {Path(f'{key}.pub').read_text()}")
    expected = damage(grown)
    refused = registry("repair", *parts_of(unsigned), "--json")
    assert (refused.code, refused.json["error"]["code"]) == (8, "signature_missing")
    assert kinds(registry("fsck", "--json")) == expected
    run = registry("repair", *parts_of(signed), "--json")
    assert (run.code, run.json["repaired"]) == (0, len(expected))
    assert registry("fsck").code == 0


def test_two_stores_are_too_many(registry: Taskstore, copy: Path) -> None:
    assert registry("repair", "--from", copy, "--from", copy).code == 2


def test_a_donor_that_is_none_is_not_found(registry: Taskstore, tmp_path: Path) -> None:
    run = registry("repair", "--from", tmp_path)
    assert (run.code, run.out) == (4, "")


def test_a_donor_must_be_named(registry: Taskstore) -> None:
    assert registry("repair").code == 2
