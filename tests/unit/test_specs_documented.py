"""`specs/manifest.md` says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from taskstore_specs import Format, Rule, limits, read_manifest

TEXT = (Path(__file__).parents[2] / "specs" / "manifest.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```(yaml|json|toml)\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize(("format", "example"), EXAMPLES)
def test_an_example_is_a_manifest(format: str, example: str) -> None:
    assert read_manifest("specs/manifest.md", example.encode(), Format(format))


def test_the_table_of_limits_is_whole_and_right() -> None:
    rows = re.findall(r"^\| .* \| (\d+) \| `([A-Z_]+)` \|$", TEXT, re.MULTILINE)
    stated = {name: int(value) for value, name in rows}
    assert stated == {name: value for name, value in vars(limits).items() if name.isupper()}


def test_every_rule_is_named() -> None:
    assert all(f"`{rule.value}`" in TEXT for rule in Rule)
