"""Blobs: a durable batch beside git and the bare disk, and reading them back."""

from __future__ import annotations

import os
from collections.abc import Iterator

from bench import Bench
from measure import Goal, Row, per_second, take_turns
from peers import git
from peers.floors import write_batch

from taskstore.cas import FileBlobStore
from taskstore_specs import Digest

GROUP = "Blobs"
SIZE = 4_096


def measure(bench: Bench) -> Iterator[Row]:
    count = bench.manifests
    rounds = [[os.urandom(SIZE) for _ in range(count)] for _ in range(bench.rounds)]
    stores = [_store(bench) for _ in rounds]
    named = [{Digest.of(blob): blob for blob in blobs} for blobs in rounds]
    works = {
        "ours": lambda turn: per_second(count, lambda: stores[turn].put_many(named[turn])),
        "floor": lambda turn: per_second(count, lambda: write_batch(bench.place.new("batch"), rounds[turn])),
    }
    if git.is_there():
        works["git"] = lambda turn: _git(bench, rounds[turn])
    taken = take_turns(bench.rounds, **works)
    yield Row(
        GROUP,
        f"{count:,} of 4 KB, one durable batch",
        "/s",
        taken["ours"],
        {name: taken[name] for name in ("git", "floor") if name in taken},
        (*((Goal(10, "git"),) if "git" in taken else ()), Goal(1 / 1.5, "floor")),
    )
    got = take_turns(
        bench.rounds, ours=lambda turn: per_second(count, lambda: [stores[turn].get(name) for name in named[turn]])
    )
    yield Row(GROUP, "get of 4 KB, verified, warm cache, one core", "/s", got["ours"], goals=(Goal(20_000),))


def _store(bench: Bench) -> FileBlobStore:
    root = bench.place.new("blobs")
    root.mkdir()
    return FileBlobStore(root)


def _git(bench: Bench, blobs: list[bytes]) -> float:
    folder, root = bench.place.new("git-files"), bench.place.new("git")
    folder.mkdir()
    files = [folder / str(number) for number in range(len(blobs))]
    for file, data in zip(files, blobs, strict=True):
        file.write_bytes(data)
    git.init(root)
    os.sync()
    return per_second(len(blobs), lambda: git.hash_objects(root, files))
