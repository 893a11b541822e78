"""Killed at any moment and started again, the daemon comes to where it would have come without."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections import Counter

from tests.daemon.plant import Plant, manifest


def test_kills_lose_nothing_and_deploy_nothing_twice(plant: Plant, thorough: bool) -> None:
    files, kills = (5_000, 200) if thorough else (400, 6)
    source = plant.root / "source"
    source.mkdir()
    for number in range(files):
        (source / f"{number}.json").write_text(manifest(f"t{number}", image=f"image-{number}"))
    chance = random.Random(20260101)
    names = [path.name for path in source.iterdir()]
    for kill in range(kills):
        daemon = plant.start()
        for name in names[kill * files // kills : (kill + 1) * files // kills]:
            shutil.move(source / name, plant.inbox / name)
        time.sleep(chance.uniform(0.0, 0.6))
        daemon.kill()
        daemon.wait()
        plant.running.clear()
    assert plant.call("run", "--once", str(plant.inbox)).returncode == 0
    assert Counter(plant.deploys()) == Counter(f"t{number}@v1" for number in range(files))
    receipts = [json.loads(path.read_text()) for path in (plant.inbox / "receipts").glob("*.json")]
    assert len(receipts) == files
    assert {receipt["outcome"] for receipt in receipts} <= {"created", "unchanged"}
