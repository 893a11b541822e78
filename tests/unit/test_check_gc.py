"""gc removes what nobody needs, and never what somebody is about to need."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskstore import Digest, Format, Source, Store
from taskstore.check import Fsck, GcReport, gc
from taskstore.check.names import NameFilter
from taskstore.errors import JournalDamagedError
from taskstore_specs import encode_spec, read_spec

DAY = 24 * 3600.0
SPEC = {"taskTemplate": {"container": {"image": "reused"}}}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with one task."""
    with Store.init(tmp_path / "store", projects=["p"]) as made:
        deploy(made, "kept", {"taskTemplate": {"container": {"image": "kept"}}})
        yield made


def deploy(store: Store, name: str, spec: dict[str, object]) -> None:
    """A task with that specification."""
    request = {"taskId": {"project": "p", "domain": "d", "name": name, "version": "v1"}, "spec": spec}
    [result] = store.deploy([Source("m.json", json.dumps(request).encode(), Format.JSON)]).results
    assert result.error is None


def age(path: Path, seconds: float) -> Path:
    """Make a file look that old."""
    os.utime(path, (time.time() - seconds,) * 2)
    return path


def leave_blob(store: Store, data: bytes, seconds: float) -> Path:
    """A blob that no entry names, that old."""
    digest = store.blobs.put(data)
    return age(store.root / "objects" / digest.hex[:2] / digest.hex, seconds)


def leave_temporary(store: Store, name: str, seconds: float) -> Path:
    """A file in tmp/, that old."""
    path = store.root / "tmp" / name
    path.write_bytes(b"half")
    return age(path, seconds)


def test_old_leftovers_go_and_all_else_stays(store: Store) -> None:
    blob, temporary = leave_blob(store, b"unnamed", 15 * DAY), leave_temporary(store, "999999999-00.tmp", 15 * DAY)
    young = [leave_blob(store, b"young", 13 * DAY), leave_temporary(store, "999999998-00.tmp", 13 * DAY)]
    named = [age(path, 1000 * DAY) for path in store.root.glob("objects/*/*") if path not in (blob, *young)]
    assert gc(store) == GcReport(2, len(b"unnamed") + len(b"half"))
    assert [path.exists() for path in (blob, temporary, *young, *named)] == [False, False, True, True, True]
    assert Fsck(store).run().problems == ()


def test_a_dry_run_only_counts(store: Store) -> None:
    blob = leave_blob(store, b"unnamed", 15 * DAY)
    assert gc(store, dry_run=True) == GcReport(1, 7)
    assert blob.exists()


def test_a_temporary_file_whose_writer_lives_stays(store: Store) -> None:
    mine = leave_temporary(store, f"{os.getpid()}-00.tmp", 1000 * DAY)
    assert gc(store).removed == 0
    assert mine.exists()


def test_links_and_folders_are_not_followed(store: Store, tmp_path: Path) -> None:
    outside = age(tmp_path / "precious", 0) if (tmp_path / "precious").exists() else tmp_path / "precious"
    outside.mkdir()
    name = Digest.of(b"x").hex
    (outside / name).write_bytes(b"x")
    (store.root / "tmp" / "link").symlink_to(outside / name)
    (store.root / "objects" / name[:2]).symlink_to(outside)
    (store.root / "tmp" / "folder").mkdir()
    assert gc(store, grace=-1.0).removed == 0
    assert (outside / name).exists()


@pytest.mark.parametrize("kind", ["spec", "blob"])
def test_what_was_stored_alone_is_named(store: Store, kind: str) -> None:
    if kind == "spec":
        store.put_spec(Source("s.json", json.dumps(SPEC).encode(), Format.JSON))
    else:
        store.put_blob("bundle.tgz", b"bytes", media_type="application/gzip")
    assert gc(store, grace=-1.0).removed == 0


def test_where_the_journal_is_damaged_nothing_is_removed(store: Store) -> None:
    blob = leave_blob(store, b"unnamed", 15 * DAY)
    entry = next(store.root.glob("journal/*/*2.json"))
    entry.chmod(0o644)
    entry.write_bytes(entry.read_bytes().replace(b"kept", b"lost"))
    with pytest.raises(JournalDamagedError):
        gc(store)
    assert blob.exists()


def test_the_index_is_not_asked(store: Store) -> None:
    store.close()
    (store.root / "index.duckdb").unlink()
    leave_blob(store, b"unnamed", 15 * DAY)
    assert gc(store).removed == 1
    assert Fsck(store).run().problems == ()


def reused_blob(store: Store) -> Path:
    """An old blob that nothing names, and that the deploy of SPEC would name."""
    return leave_blob(store, encode_spec(read_spec("s.json", json.dumps(SPEC).encode(), Format.JSON)), 15 * DAY)


def test_a_blob_that_is_named_between_gcs_look_and_its_removal_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = reused_blob(store)
    excluded = store.index.excluded

    def deployed_first() -> object:
        deploy(store, "reuser", SPEC)
        return excluded()

    monkeypatch.setattr(store.index, "excluded", deployed_first)
    assert gc(store).removed == 0
    assert blob.exists()


def test_gc_waits_for_a_writer_that_has_put_its_blobs_and_not_yet_its_entry(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = reused_blob(store)
    leave_blob(store, b"unnamed", 15 * DAY)
    append, collected = store.journal.append, threading.Event()
    reports: list[GcReport] = []

    def collect() -> None:
        with Store.open(store.root) as other:
            reports.append(gc(other))
        collected.set()

    def slowly(entry: object) -> object:
        threading.Thread(target=collect).start()
        assert not collected.wait(0.5)  # gc cannot get past the writer, however long that takes
        return append(entry)  # type: ignore[arg-type]

    monkeypatch.setattr(store.journal, "append", slowly)
    deploy(store, "reuser", SPEC)
    store.close()
    assert collected.wait(30)
    assert [report.removed for report in reports] == [1]
    assert blob.exists()
    assert Fsck(store).run().problems == ()


def test_writers_and_gc_side_by_side_lose_nothing(store: Store) -> None:
    done = threading.Event()

    def collect() -> None:
        with Store.open(store.root) as other:
            while not done.is_set():
                gc(other, grace=-1.0)

    collector = threading.Thread(target=collect)
    collector.start()
    try:
        for number in range(15):
            spec = {"taskTemplate": {"container": {"image": f"image {number}"}}}
            store.blobs.put(encode_spec(read_spec("s.json", json.dumps(spec).encode(), Format.JSON)))
            deploy(store, f"task{number}", spec)
    finally:
        done.set()
        collector.join()
    assert Fsck(store).run().problems == ()


def test_a_name_filter_never_forgets_and_seldom_errs() -> None:
    names = NameFilter()
    digests = [Digest.of(b"%d" % number) for number in range(4_000)]
    for digest in digests[:2_000]:
        names.add(digest)
    assert all(digest in names for digest in digests[:2_000])
    assert not any(digest in names for digest in digests[2_000:])
