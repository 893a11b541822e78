"""syncfs is used only where it tells of failed writes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from taskstore.disk.sync import CAN_SYNC_FILESYSTEM, reports_errors, sync, sync_filesystem


@pytest.mark.parametrize(
    "system, release, expected",
    [
        ("Linux", "5.17.0", True),
        ("Linux", "5.16.20-generic", False),
        ("Linux", "4.18.0-553.el8_10.x86_64", False),
        ("Linux", "6.1.0-13-amd64", True),
        ("Linux", "10.0", True),
        ("Linux", "unknown", False),
        ("Darwin", "23.5.0", False),
    ],
)
def test_which_kernels_report_errors_of_syncfs(system: str, release: str, expected: bool) -> None:
    assert reports_errors(system, release) is expected


def test_a_closed_descriptor_is_an_error(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    sync(descriptor)
    if CAN_SYNC_FILESYSTEM:
        sync_filesystem(descriptor)
    os.close(descriptor)
    with pytest.raises(OSError):
        sync(descriptor)
    if CAN_SYNC_FILESYSTEM:
        with pytest.raises(OSError):
            sync_filesystem(descriptor)
