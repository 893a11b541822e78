"""Feeds the readers what a coverage-guided fuzzer comes up with: anything but a result or a typed error ends it.

    python fuzz.py TARGET [libFuzzer options] [CORPUS]

TARGET is `yaml`, `json`, `toml` or `entry`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["taskstore_specs", "taskstore.journal"]):
    from taskstore.errors import TaskstoreError
    from taskstore.journal.entry import decode
    from taskstore_specs import Format, read_manifest
    from taskstore_specs.digest import Digest


def manifest(format: Format) -> Callable[[bytes], object]:
    """A reader of manifests."""
    return lambda data: read_manifest("fuzz", data, format)


def entry(data: bytes) -> object:
    """The reader of entries, past the sum that would refuse whatever was changed."""
    opened = data[:-1]
    return decode(opened + b',"sum":"%s"}' % str(Digest.of(opened + b"}")).encode(), 7)


TARGETS = {
    "yaml": manifest(Format.YAML),
    "json": manifest(Format.JSON),
    "toml": manifest(Format.TOML),
    "entry": entry,
}


def main() -> None:
    target = TARGETS[sys.argv.pop(1)]

    def feed(data: bytes) -> None:
        try:
            target(data)
        except TaskstoreError:
            return

    atheris.Setup(sys.argv, feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
