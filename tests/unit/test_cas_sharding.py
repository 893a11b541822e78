"""Where blobs lie, and which names are theirs."""

from __future__ import annotations

import pytest

from taskstore.cas.sharding import digest_of_name, is_shard, path_of
from taskstore.errors import InvalidDigestError
from taskstore_specs.digest import Digest

DIGEST = Digest("ab" + "0" * 62)


def test_a_blob_lies_under_its_first_two_digits() -> None:
    assert path_of(DIGEST) == f"ab/{DIGEST.hex}"


@pytest.mark.parametrize("made_up", ["", "../../etc/passwd", "/etc/passwd", "ab" * 31, DIGEST.hex + "\n", "AB" * 32])
def test_a_made_up_digest_is_no_path(made_up: str) -> None:
    with pytest.raises(InvalidDigestError):
        path_of(Digest(made_up))


@pytest.mark.parametrize("name, expected", [("00", True), ("af", True), ("AF", False), ("a", False), ("..", False)])
def test_which_folders_hold_blobs(name: str, expected: bool) -> None:
    assert is_shard(name) is expected


def test_a_blobs_name_is_its_digest() -> None:
    assert digest_of_name("ab", DIGEST.hex) == DIGEST


@pytest.mark.parametrize(
    "folder, name",
    [("ac", DIGEST.hex), ("ab", DIGEST.hex.upper()), ("ab", DIGEST.hex + "\n"), ("ab", DIGEST.hex[:-1]), ("ab", "x")],
)
def test_other_names_are_no_blobs(folder: str, name: str) -> None:
    assert digest_of_name(folder, name) is None
