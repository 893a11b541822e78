"""How tables are fitted to a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from taskstore.cli.fit import GAP, NARROW, fit


def test_what_fits_is_left_alone() -> None:
    assert fit([56, 7, 20], 100) == [56, 7, 20]


def test_wide_columns_give_way_and_the_first_of_them_last() -> None:
    assert fit([56, 7, 60], 100) == [56, 7, 33]


def test_the_first_column_may_take_the_better_part_of_the_room() -> None:
    assert fit([56, 7, 15, 20], 80) == [54, 7, 15]


def test_narrow_columns_are_never_cut() -> None:
    assert fit([100, 7, 20], 70) == [61, 7]


def test_columns_that_do_not_fit_are_left_out_from_the_end() -> None:
    assert fit([7, 8, 13, 20, 20], 60) == [7, 8, 13, 20]


def test_one_column_is_always_shown() -> None:
    assert fit([50, 20], 10) == [20]


@given(st.lists(st.integers(1, 300), min_size=1, max_size=12), st.integers(NARROW, 400))
def test_a_table_is_never_wider_than_the_terminal_nor_its_columns_than_they_would_be(
    widths: list[int], room: int
) -> None:
    shown = fit(widths, room)
    assert sum(shown) + GAP * (len(shown) - 1) <= room
    assert all(min(width, NARROW) <= given <= width for given, width in zip(shown, widths, strict=False))
