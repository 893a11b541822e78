"""`specs/bundle-format.md` says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from taskstore.bundle import layout, limits
from taskstore.bundle.layout import Config
from taskstore.bundle.parts import HEADER, Part
from taskstore.bundle.receipt import Known, Receipt, decode_receipt, encode_receipt
from taskstore.index.selection import Chosen, Selection

pytestmark = pytest.mark.usefixtures("no_network")

DOCUMENT = (Path(__file__).parents[2] / "specs" / "bundle-format.md").read_text("utf-8")


def fields_under(heading: str) -> set[str]:
    """What the first column of the table under a heading names."""
    section = re.search(rf"^##+ {heading}\n(.*?)(?=^##)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert section is not None
    cells = re.findall(r"^\| (`[^|]*) \|", section[1], re.MULTILINE)
    return {field for cell in cells for field in re.findall(r"`(\w+)`", cell)}


def test_the_configuration_is_as_documented() -> None:
    assert fields_under("The configuration") == {field.name for field in msgspec.structs.fields(Config)}


def test_the_header_of_a_part_is_as_documented() -> None:
    part = Part("0" * 64, 10, 1, 2, 0, 5, "1" * 64)
    encoded = part.encode()
    assert len(encoded) == HEADER and encoded.endswith(b" \n")
    assert fields_under("Parts") == set(msgspec.json.decode(encoded))


def test_every_media_type_is_documented() -> None:
    for media_type in (layout.ARTIFACT, layout.CONFIG, *layout.PACKS):
        assert f"`{media_type}`" in DOCUMENT


def test_every_limit_is_documented() -> None:
    mebi = 1024 * 1024
    assert f"closed once it has {limits.PACK_BYTES // mebi} MiB" in DOCUMENT
    assert f"{limits.LAYERS:,} packs" in DOCUMENT
    assert f"a manifest over {limits.MANIFEST_BYTES // mebi} MiB" in DOCUMENT
    assert f"{limits.CHANGES:,} facts" in DOCUMENT
    assert f"{limits.FACTS_PER_ENTRY:,} facts or {limits.FACT_BYTES_PER_ENTRY // mebi} MiB" in DOCUMENT
    assert f"{limits.RECEIPT_BYTES:,} bytes" in DOCUMENT
    assert 80 * mebi >= limits.LAYER_BYTES


def test_a_manifest_of_the_most_packs_fits() -> None:
    packs = tuple(
        layout.Descriptor(layout.ENTRIES, f"sha256:{0:064x}", limits.LAYER_BYTES) for _ in range(limits.LAYERS)
    )
    assert len(layout.make_manifest(b"{}", packs)) < limits.MANIFEST_BYTES


def test_the_receipt_in_the_document_can_be_read_once_its_sum_is_right() -> None:
    shown = re.search(r"^taskstore-receipt 1\n.*?(?=^sum)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert shown is not None
    known = Known("3b9aca00-1c2d-4e5f-8a9b-0c1d2e3f4a5b", 1042, "9f86d081884c7d65")
    written = encode_receipt(Receipt("8f14e45f-ceea-467f-a9d1-6f1d8a9a3c01", (known,))).decode()
    assert written.startswith(shown[0])
    assert f"\n{written.splitlines()[-1]}\n" in DOCUMENT
    assert decode_receipt(written.upper().replace(" ", "   ").encode()).known == (known,)


def test_the_scope_of_a_selection_is_its_own() -> None:
    task = Chosen("p", "d", "a")
    selections = [
        Selection(project="p"),
        Selection(domain="p"),
        Selection(latest=True),
        Selection(tasks=(task,)),
        Selection(tasks=(task, Chosen("p", "d", "b"))),
    ]
    assert len({selection.scope for selection in selections}) == len(selections)
    assert Selection().scope == ""
    assert Selection(tasks=(Chosen("p", "d", "b"), task)).scope == selections[-1].scope
