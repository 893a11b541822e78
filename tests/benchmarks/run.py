"""Takes the figures of `specs/performance.md`: `python tests/benchmarks/run.py [--short] [--only GROUP]… [--write]`.

Works in a new folder inside `--inside` (the current one), which decides the disk that is measured, and removes it at
the end. Prints the tables; `--write` puts them into the page and draws the plot, after
each group, so that a run which is stopped leaves what it has. Asserts nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import machine
import plot
import report
from bench import Bench, Place
from measure import Row
from peers.postgres import Postgres, programs
from rows import blobs, bundles, daemon, deploys, growth, listing, memory, parts, rebuild, serve, startup

ROOT = Path(__file__).parents[2]
PAGE, PLOT = ROOT / "specs" / "performance.md", ROOT / "specs" / "performance.svg"
GROUPS = {
    "deploys": deploys,
    "daemon": daemon,
    "blobs": blobs,
    "bundles": bundles,
    "startup": startup,
    "listing": listing,
    "rebuild": rebuild,
    "memory": memory,
    "growth": growth,
    "parts": parts,
    "serve": serve,
}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="small sizes and two rounds, to see that it works")
    parser.add_argument("--only", action="append", choices=GROUPS, help="only these groups")
    parser.add_argument("--write", action="store_true", help="put the figures into specs/performance.md")
    parser.add_argument("--rounds", type=int, help="how often each figure is taken")
    parser.add_argument("--largest", type=int, help="the size of the largest registry of the growth, in versions")
    parser.add_argument("--kept", type=Path, help="where large registries of earlier runs are found, and left")
    parser.add_argument("--inside", type=Path, default=Path.cwd(), help="the folder to work in")
    return parser.parse_args()


def prepared(given: argparse.Namespace, place: Place) -> Bench:
    """The sizes of this run, and its peers."""
    found = programs()
    if found is None:
        print("PostgreSQL is not there and cannot be installed: what is beside it is left out", file=sys.stderr)
    postgres = Postgres(found, place.new("postgres")) if found else None
    versions = 20_000 if given.short else 1_000_000
    sizes = [2_000, 20_000] if given.short else [10_000, 100_000, 1_000_000]
    return Bench(
        place=place,
        rounds=given.rounds or (2 if given.short else 3),
        manifests=1_000 if given.short else 10_000,
        versions=versions,
        tasks=versions // 50,
        sizes=tuple(dict.fromkeys([*sizes, *([given.largest] if given.largest else [])])),
        postgres=postgres,
        kept=given.kept,
    )


def main() -> None:
    given = options()
    command = f"make bench{' SHORT=1' * given.short}{f' LARGEST={given.largest}' if given.largest else ''}"
    place = Place(given.inside)
    bench = None
    rows: list[Row] = []
    try:
        bench = prepared(given, place)
        facts = machine.describe(place.root, bench.postgres.durability() if bench.postgres else None)
        for name in given.only or GROUPS:
            begun = time.perf_counter()
            for row in GROUPS[name].measure(bench):
                rows.append(row)
                print(report.line(row), file=sys.stderr, flush=True)
            print(f"({name}: {time.perf_counter() - begun:.0f} s)", file=sys.stderr, flush=True)
            if given.write:
                report.splice(PAGE, report.render(rows, facts, command))
                plot.draw(rows, PLOT)
    finally:
        if bench and bench.postgres:
            bench.postgres.stop()
        place.remove()
    print(report.render(rows, facts, command))


if __name__ == "__main__":
    main()
