"""A bound on what all requests hold together."""

from __future__ import annotations

from taskstore.errors import BusyError


class Budget:
    """So many bytes that may be held at once. Belongs to one event loop."""

    def __init__(self, size: int) -> None:
        self._left = size

    def take(self, size: int) -> None:
        """Hold `size` more. Raises BusyError when that is more than is left."""
        if size > self._left:
            raise BusyError("too much is under way", hint="try again")
        self._left -= size

    def give_back(self, size: int) -> None:
        """Hold `size` less."""
        self._left += size
