"""Which names are manifests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskstore_daemon.names import Ignored, bundle_of, is_entered, printable, why_ignored


@pytest.mark.parametrize("name", ["a.yaml", "a.yml", "a.json", "a.toml", "A.YAML", "a b.Json", "ä.yaml", "a.bak.yaml"])
def test_a_manifest_is_told_by_its_ending(name: str) -> None:
    assert why_ignored(name) is None


@pytest.mark.parametrize(
    ("path", "whole"),
    [
        ("a.tar", "a.tar"),
        ("sub/A.TAR", "sub/A.TAR"),
        ("a.tar.part0001", "a.tar"),
        ("a.tar.part9999", "a.tar"),
        ("a b.tar\n.tar.part0012", "a b.tar\n.tar"),
    ],
)
def test_a_bundle_is_told_by_its_ending_and_a_part_by_its_number(path: str, whole: str) -> None:
    assert bundle_of(path) == whole
    assert why_ignored(path.rpartition("/")[2]) is None


@pytest.mark.parametrize(
    "path", ["a.yaml", "a.tar.gz", "a.part0001", "a.tar.part1", "a.tar.part00001", "a.tar.part000١"]
)
def test_other_names_are_no_bundles(path: str) -> None:
    assert bundle_of(path) is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (".a.tar", Ignored.HIDDEN),
        ("a.tar.part", Ignored.TEMPORARY),
        ("a.tar.part0001.part", Ignored.TEMPORARY),
        ("a.tar.sig", Ignored.SIGNATURE),
        ("a.json.sig", Ignored.SIGNATURE),
        (".a.yaml", Ignored.HIDDEN),
        ("..data", Ignored.HIDDEN),
        (".a.yaml.swp", Ignored.HIDDEN),
        ("a.yaml~", Ignored.TEMPORARY),
        ("~$a.yaml", Ignored.TEMPORARY),
        ("#a.yaml#", Ignored.TEMPORARY),
        ("a.yaml.bak", Ignored.TEMPORARY),
        ("a.yaml.swp", Ignored.TEMPORARY),
        ("a.yaml.tmp", Ignored.TEMPORARY),
        ("a.yaml.part", Ignored.TEMPORARY),
        ("a.yaml.filepart", Ignored.TEMPORARY),
        ("a.sync-conflict-20260102-030405-ABCDEFG.yaml", Ignored.CONFLICT_COPY),
        ("a (Anna's conflicted copy 2026-01-02).yaml", Ignored.CONFLICT_COPY),
        ("a (conflicted copy 2026-01-02 030405).yaml", Ignored.CONFLICT_COPY),
        ("a_conflict-20260102-030405.yaml", Ignored.CONFLICT_COPY),
        ("a.yaml.error.txt", Ignored.RECEIPT),
        ("a.txt", Ignored.NO_MANIFEST),
        ("yaml", Ignored.NO_MANIFEST),
        ("4913", Ignored.NO_MANIFEST),
    ],
)
def test_anything_else_is_ignored_for_a_reason(name: str, why: Ignored) -> None:
    assert why_ignored(name) is why


def test_receipts_and_hidden_folders_are_not_entered() -> None:
    assert not is_entered("receipts", top=True)
    assert is_entered("receipts", top=False)
    assert not is_entered(".git", top=False)
    assert is_entered("team-a", top=True)


def test_a_printable_path_shows_what_is_no_text() -> None:
    assert printable("plain/ä b.yaml") == "plain/ä b.yaml"
    assert printable("a\udcff.yaml") == "a\\xff.yaml"
    assert printable("a\nb.yaml") == "a\\x0ab.yaml"
    assert printable("a\\xff.yaml") == "a\\\\xff.yaml"


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_two_paths_never_print_the_same(one: bytes, other: bytes) -> None:
    paths = [data.decode("utf-8", "surrogateescape") for data in (one, other)]
    shown = [printable(path) for path in paths]
    assert (shown[0] == shown[1]) == (one == other)
    assert all(text.isprintable() and text.encode() for text in shown if text)
