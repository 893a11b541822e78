"""Where the parts of a JSON text stand, and which keys are given twice: a pass over its tokens.

It never fails: what is no JSON is the decoder's to refuse, before or after.
"""

from __future__ import annotations

import json
import re
from collections.abc import Set as AbstractSet
from contextlib import suppress

from taskstore_specs.errors import Rule
from taskstore_specs.findings import Path, shown
from taskstore_specs.reading.marks import Mark
from taskstore_specs.reading.scan import GivenUpError, Scan

_TOKEN = re.compile(r'\n|"(?:[^"\\]|\\.)*"|[{}\[\],]|[^\s{}\[\]:,"]+')


class JsonScan(Scan):
    """One pass over `text`."""

    def __init__(self, text: str, wanted: AbstractSet[Path] = frozenset()) -> None:
        super().__init__(wanted)
        self._keys: list[set[str]] = []
        self._awaits_key = False
        with suppress(GivenUpError):
            self._pass_over(text)

    def _pass_over(self, text: str) -> None:
        line, line_start = 1, 0
        for match in _TOKEN.finditer(text):
            if match[0] == "\n":
                line, line_start = line + 1, match.end()
            else:
                self._take(match[0], Mark(line, match.start() - line_start + 1))

    def _take(self, word: str, mark: Mark) -> None:
        if word == ",":
            self._awaits_key = isinstance(self.path[-1], str)
        elif word in "}]":
            self._close()
        elif self._awaits_key:
            self._take_key(_key(word), mark)
        else:
            self._take_value(word, mark)

    def _close(self) -> None:
        if self._keys:
            self._keys.pop()
            self.path.pop()
        self._awaits_key = False

    def _take_key(self, key: str, mark: Mark) -> None:
        self.path[-1] = key
        self._awaits_key = False
        self.note(mark)
        if key in self._keys[-1]:
            self.find(mark, Rule.DUPLICATE_KEY, f"the key {shown(key)} is given twice", "keep one of them")
        self._keys[-1].add(key)

    def _take_value(self, word: str, mark: Mark) -> None:
        last = self.path[-1]
        if isinstance(last, int):
            self.path[-1] = last + 1
            self.note(mark)
        if word in "{[":
            self.path.append("" if word == "{" else -1)
            self._keys.append(set())
            self._awaits_key = word == "{"


def _key(word: str) -> str:
    try:
        return str(json.loads(word))
    except ValueError:
        return word
