"""Which files of an inbox make which bundle, as far as they were dealt with. Pure: it sees names and stamps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from taskstore_daemon.names import bundle_of
from taskstore_daemon.scan import Stamp


class BundleFiles(msgspec.Struct, frozen=True):
    """The files of the bundle `name`: its one file, or else its parts; and with them `beside`, parts that do not count
    beside a whole file. `unchecked` are those of the parts that were not verified yet."""

    name: str
    files: Mapping[str, Stamp]
    beside: Mapping[str, Stamp]
    unchecked: frozenset[str]

    @property
    def all(self) -> dict[str, Stamp]:
        """Every file of this name."""
        return {**self.files, **self.beside}

    @property
    def size(self) -> int:
        """Bytes of the files that count."""
        return sum(stamp.size for stamp in self.files.values())


class Bundles:
    """The bundles of one inbox. Part files arrive one by one; those that were dealt with are kept in mind until the
    others come."""

    def __init__(self) -> None:
        self._settled: dict[str, dict[str, Stamp]] = {}
        self._checked: dict[str, set[str]] = {}

    def due(self, ready: Sequence[tuple[str, Stamp]], waiting: Iterable[str]) -> list[BundleFiles]:
        """The bundles of which a file is `ready` and none is `waiting`, by name."""
        busy = {bundle_of(path) for path in waiting}
        new: dict[str, dict[str, Stamp]] = {}
        for path, stamp in ready:
            name = bundle_of(path)
            if name is not None and name not in busy:
                new.setdefault(name, {})[path] = stamp
        return [self._together(name, new[name]) for name in sorted(new)]

    def settle(self, bundle: BundleFiles, *, checked: bool) -> None:
        """It was dealt with as it is; its parts were verified if `checked`."""
        self._settled[bundle.name] = bundle.all
        if checked:
            self._checked[bundle.name] = set(bundle.files)

    def files(self, name: str) -> list[str]:
        """The files that the bundle `name` had when it was dealt with, as far as they are not gone."""
        return list(self._settled.get(name, ()))

    def forget(self, path: str) -> None:
        """This file is gone."""
        name = bundle_of(path)
        if name is None or name not in self._settled:
            return
        self._settled[name].pop(path, None)
        self._checked.get(name, set()).discard(path)
        if not self._settled[name]:
            del self._settled[name]
            self._checked.pop(name, None)

    def _together(self, name: str, new: Mapping[str, Stamp]) -> BundleFiles:
        found = {**self._settled.get(name, {}), **new}
        checked = self._checked.get(name, set()) - new.keys()
        if name not in found:
            return BundleFiles(name, found, {}, frozenset(found.keys() - checked))
        whole = found.pop(name)
        return BundleFiles(name, {name: whole}, found, frozenset())
