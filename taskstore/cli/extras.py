"""Commands that need more than the core installs."""

from __future__ import annotations

from importlib.util import find_spec

import click

_FLYTE = ("flyteidl2", "google.protobuf", "connectrpc", "uvicorn")


def require_flyte() -> None:
    """Raises click.UsageError, which says what to install, unless the extra `flyte` is there."""
    try:
        missing = [name for name in _FLYTE if find_spec(name) is None]
    except ModuleNotFoundError as error:
        missing = [str(error.name)]
    if missing:
        raise click.UsageError(f"this needs Flyte's messages, {missing[0]} is missing: pip install 'taskstore[flyte]'")
