"""The formats that a manifest can be written in."""

from __future__ import annotations

from enum import Enum
from typing import Self

from taskstore_specs.errors import InvalidInputError


class Format(Enum):
    """A way of writing a manifest down."""

    YAML = "yaml"
    JSON = "json"
    TOML = "toml"

    @classmethod
    def of_name(cls, name: str) -> Self:
        """The format of a file, by the suffix of its name, in any case. Raises InvalidInputError."""
        suffix = name.rpartition(".")[2].lower() if "." in name else ""
        try:
            return cls("yaml" if suffix == "yml" else suffix)
        except ValueError as error:
            raise InvalidInputError(
                f"not a manifest by its name: {name}", hint="a manifest ends in .yaml, .yml, .json or .toml"
            ) from error
