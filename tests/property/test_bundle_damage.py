"""No damage to a bundle gets through: it is refused, or what it says is what its maker wrote."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskstore.bundle import OnConflict, apply, opened
from taskstore.bundle.tar import BLOCK
from taskstore.errors import BundleDamagedError, TaskstoreError
from taskstore.index.selection import Selection
from taskstore.store.store import Store
from tests.bundle_stores import deploy, files_of, new_store, quiet, send, take

pytestmark = pytest.mark.usefixtures("no_network")

FLIPS = 1_000
DAMAGES, DAMAGES_THOROUGH = 1_000, 20_000


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small bundle with bases, facts and blobs."""
    folder = tmp_path_factory.mktemp("whole")
    with new_store(folder / "store", projects=["p"]) as store:
        deploy(store, "a", "v1", "one", "daily")
        deploy(store, "a", "v1", "two", "daily")
        return send(store, folder / "bundle", since=2)[0].read_bytes()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store that nothing must ever reach."""
    return new_store(tmp_path_factory.mktemp("site") / "store", projects=["p"])


def refused(site: Store, path: Path, data: bytes) -> bool:
    path.write_bytes(data)
    try:
        with opened([path]) as (bundle,):
            apply(site, bundle, OnConflict.REFUSE, "me", quiet)
    except TaskstoreError as error:
        return type(error).code != "bundle_gap"
    return False


def test_every_flipped_bit_is_found(whole: bytes, site: Store, tmp_path: Path, thorough: bool) -> None:
    """The bundle begins where the store does not: a gap is the last thing that is found, after all else was right."""
    before = files_of(site.root)
    chosen = random.Random(6)
    places = range(len(whole)) if thorough else sorted(chosen.sample(range(len(whole)), FLIPS))
    for place in places:
        bit = 1 << chosen.randrange(8)
        damaged = whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :]
        assert refused(site, tmp_path / "damaged", damaged), f"byte {place}, bit {bit}"
    assert files_of(site.root) == before


def test_every_cut_is_found(whole: bytes, site: Store, tmp_path: Path) -> None:
    before = files_of(site.root)
    for length in random.Random(7).sample(range(len(whole)), 100):
        assert refused(site, tmp_path / "cut", whole[:length])
    assert files_of(site.root) == before


@settings(max_examples=100, deadline=None)
@given(
    edits=st.lists(st.tuples(st.integers(0, 20_000), st.binary(min_size=1, max_size=600)), min_size=1, max_size=4),
    insert=st.booleans(),
)
def test_what_was_edited_is_refused(
    whole: bytes, site: Store, tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, bytes]], insert: bool
) -> None:
    data = whole
    for place, piece in edits:
        place %= len(data)
        data = data[:place] + piece + data[place if insert else place + len(piece) :]
    if data != whole:
        assert refused(site, tmp_path_factory.mktemp("edited") / "bundle", data)


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Bundles of one store: of everything, of what follows an entry, of some of the facts."""
    folder = tmp_path_factory.mktemp("several")
    with new_store(folder / "store", projects=["p"]) as store:
        deploy(store, "a", "v1", "one", "daily")
        deploy(store, "a", "v1", "two", "daily")
        store.put_blob("code/b", b"code" * 100, media_type="text/plain")
        deploy(store, "b", "v1", "taskstore://code/b")
        ways: list[dict[str, Any]] = [{}, {"since": 2}, {"selection": Selection(project="p")}]
        return [send(store, folder / str(n), **way)[0].read_bytes() for n, way in enumerate(ways)]


def damaged(data: bytes, others: list[bytes], chosen: random.Random) -> bytes:
    """`data` with one thing wrong: bits, bytes, blocks changed, lost, moved, doubled, or taken from another bundle."""
    place, length = chosen.randrange(len(data)), chosen.randrange(1, 600)
    block, another = (chosen.randrange(len(data) // BLOCK) * BLOCK for _ in range(2))
    noise, other = chosen.randbytes(length), chosen.choice(others)
    moved = data[another : another + BLOCK]
    return chosen.choice(
        [
            data[:place] + bytes([data[place] ^ (1 << chosen.randrange(8))]) + data[place + 1 :],
            data[:place] + noise + data[place + length :],
            data[:place],
            data[:place] + noise + data[place:],
            data[:place] + data[place + length :],
            data + noise,
            data[:block] + moved + data[block:],
            data[:block] + moved + data[block + BLOCK :],
            data[:block] + bytes(BLOCK) + data[block + BLOCK :],
            data[:block] + other[chosen.randrange(len(other) // BLOCK) * BLOCK :],
        ]
    )


def test_damage_of_any_kind_is_found_as_damage(several: list[bytes], tmp_path: Path, thorough: bool) -> None:
    """By an empty store, to which two of the bundles connect: they would be taken if they were whole."""
    chosen = random.Random(8)
    with new_store(tmp_path / "site") as site:
        before = files_of(site.root)
        for _ in range(DAMAGES_THOROUGH if thorough else DAMAGES):
            data = chosen.choice(several)
            for _ in range(chosen.choice([1, 1, 1, 2, 3])):
                data = damaged(data, several, chosen) if len(data) > BLOCK else data
            if data in several:
                continue
            (tmp_path / "damaged").write_bytes(data)
            with pytest.raises(BundleDamagedError):
                take(site, tmp_path / "damaged")
        assert files_of(site.root) == before


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    with new_store(tmp_path / "store", projects=["p"]) as store, new_store(tmp_path / "site") as other:
        deploy(store, "a", "v1", "x" * 200_000)
        parts = send(store, tmp_path / "big", most=64 * 1024)
        data = bytearray(parts[1].read_bytes())
        data[5000] ^= 1
        parts[1].write_bytes(data)
        with pytest.raises(TaskstoreError, match="part 2 of"):
            take(other, *parts)
