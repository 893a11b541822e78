"""Where the parts of a JSON text stand: a word scan of a text that is known to be JSON."""

from __future__ import annotations

import json
import re

from taskstore_specs.errors import Rule
from taskstore_specs.findings import Finding, shown
from taskstore_specs.reading.marks import Mark, Marks, respelled

_TOKEN = re.compile(r'\n|"(?:[^"\\]|\\.)*"|[{}\[\],]|[^\s{}\[\]:,"]+')


class JsonScan:
    """One pass over `text`: the `marks` of every key and element, and the `duplicates` among the keys."""

    def __init__(self, text: str) -> None:
        self.marks: Marks = {}
        self.duplicates: list[Finding] = []
        self._path: list[str | int] = [-1]
        self._keys: list[set[str]] = []
        self._awaits_key = False
        line, line_start = 1, 0
        for match in _TOKEN.finditer(text):
            if match[0] == "\n":
                line, line_start = line + 1, match.end()
            else:
                self._take(match[0], Mark(line, match.start() - line_start + 1))

    def _take(self, word: str, mark: Mark) -> None:
        if word == ",":
            self._awaits_key = isinstance(self._path[-1], str)
        elif word in "}]":
            self._path.pop()
            self._keys.pop()
            self._awaits_key = False
        elif self._awaits_key:
            self._take_key(json.loads(word), mark)
        else:
            self._take_value(word, mark)

    def _take_key(self, key: str, mark: Mark) -> None:
        self._path[-1] = key
        self._awaits_key = False
        if key in self._keys[-1]:
            path = tuple(self._path)
            self.duplicates.append(
                Finding(Rule.DUPLICATE_KEY, path, f"the key {shown(key)} is given twice", "keep one of them")
            )
        self._keys[-1].add(key)
        self.marks[respelled(self._path)] = mark

    def _take_value(self, word: str, mark: Mark) -> None:
        last = self._path[-1]
        if isinstance(last, int):
            self._path[-1] = last + 1
            self.marks[respelled(self._path)] = mark
        if word in "{[":
            self._path.append("" if word == "{" else -1)
            self._keys.append(set())
            self._awaits_key = word == "{"
