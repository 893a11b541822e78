"""What the tests of `taskstored serve` share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.serve.site import Site

collect_ignore_glob = [] if find_spec("flyteidl2") and find_spec("connectrpc") else ["test_*.py"]


@pytest.fixture(scope="session")
def flyte_client() -> None:
    """The stock client is installed; a test that wants it skips where it is not (`make` installs it)."""
    if find_spec("flyte") is None:
        pytest.skip("optional: the Flyte client is not installed (pip install taskstore[serve-test])")


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Makes sites, each in a folder of its own, and ends them."""
    made: list[Site] = []

    def make(name: str = "site", **arguments: Any) -> Site:
        made.append(Site(tmp_path / name, **arguments))
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """A store that is served."""
    return make_site()


@pytest.fixture(scope="module")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that the tests of a module share, since none of them changes it."""
    site = Site(tmp_path_factory.mktemp("shared") / "site")
    yield site
    site.close()
