"""Where entries lie, which names are theirs, and finding the last one."""

from __future__ import annotations

import pytest

from taskstore.journal.numbering import last_present, path_of, sequence_of


@pytest.mark.parametrize(
    "sequence, path",
    [
        (1, "00000000/000000000001.json"),
        (42, "00000000/000000000042.json"),
        (9_999, "00000000/000000009999.json"),
        (10_000, "00000001/000000010000.json"),
        (10**12 - 1, "99999999/999999999999.json"),
    ],
)
def test_ten_thousand_numbers_share_a_folder(sequence: int, path: str) -> None:
    assert path_of(sequence) == path
    assert sequence_of(*path.split("/")) == sequence


@pytest.mark.parametrize(
    "folder, name",
    [
        ("00000001", "000000000042.json"),
        ("00000000", "000000000000.json"),
        ("00000000", "42.json"),
        ("00000000", "000000000042.json\n"),
        ("00000000", "000000000042.json.tmp"),
        ("00000000", "٠٠٠٠٠٠٠٠٠٠٤٢.json"),
    ],
)
def test_other_names_are_no_entries(folder: str, name: str) -> None:
    assert sequence_of(folder, name) is None


@pytest.mark.parametrize("known", [0, 1, 7])
@pytest.mark.parametrize("more", [*range(20), 1000])
def test_the_last_of_an_unbroken_run_is_found(known: int, more: int) -> None:
    asked = []

    def present(number: int) -> bool:
        asked.append(number)
        return number <= known + more

    assert last_present(known, present) == known + more
    assert len(asked) <= 1 + 2 * (more + 1).bit_length()
    assert more or len(asked) == 1
