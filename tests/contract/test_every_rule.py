"""Each rule of `specs/semantics.md` has a test that carries its name, and no test carries a name that is no rule."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
SEMANTICS = HERE.parents[1] / "specs" / "semantics.md"


def test_every_rule_has_its_test() -> None:
    rules = set(re.findall(r"^\| ([A-Z]\d+) \|", SEMANTICS.read_text(), re.MULTILINE))
    sources = "\n".join(path.read_text() for path in HERE.glob("test_*.py"))
    tested = {name.upper() for name in re.findall(r"def test_([a-z]\d+)_", sources)}
    assert rules
    assert tested == rules
