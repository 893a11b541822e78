"""What all tests share: the long form of the suite, the folder of real requests, and no silent skip in CI."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import settings

from tests.network import can_be_taken_away, taken_away

settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")

ROOT = Path(__file__).parent.parent
OPTIONAL = "optional:"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--thorough", action="store_true", help="run the long forms: full sweeps, large stores, many cycles"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--thorough"):
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.fixture(scope="session")
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether the long forms were asked for (`make crash`, `make bench`, `make soak`)."""
    return bool(request.config.getoption("--thorough"))


@pytest.fixture(scope="module")
def no_network() -> Iterator[None]:
    """The tests of the module, and all programs that they start, have no network at all, not even loopback; where this
    user may take it away."""
    with taken_away(loopback=False) if can_be_taken_away() else nullcontext():
        yield


@pytest.fixture(scope="module")
def only_loopback() -> Iterator[None]:
    """As `no_network`, but for loopback."""
    with taken_away(loopback=True) if can_be_taken_away() else nullcontext():
        yield


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real deploy requests beside the checkout; a test that wants it skips where it is not."""
    folder = ROOT.parent / "shared" / "corpus"
    if not folder.is_dir():
        pytest.skip(f"{OPTIONAL} the corpus of real requests is not beside this checkout")
    return folder


def _is_forbidden_skip(report: pytest.TestReport | pytest.CollectReport) -> bool:
    if os.environ.get("CI") != "true" or not report.skipped or hasattr(report, "wasxfail"):
        return False
    return not _skip_reason(report).startswith(OPTIONAL)


def _skip_reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ")


def _forbid(report: pytest.TestReport | pytest.CollectReport) -> None:
    report.longrepr = f"skipped in CI, where nothing may be missing: {_skip_reason(report)}"
    report.outcome = "failed"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if _is_forbidden_skip(report):
        _forbid(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if _is_forbidden_skip(report):
        _forbid(report)
    return report
