"""The readers under a coverage-guided fuzzer: the long form of tests/property/test_fuzz_readers.py."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

WORKER = Path(__file__).parent / "workers" / "fuzz.py"
SAMPLES = Path(__file__).parents[2] / "samples"
RUNS = 200_000
ENTRY = (
    b'{"changes":[{"action":"CREATE","id":"p","kind":"project"}],"committed_at":"2026-01-01T00:00:00Z",'
    b'"committed_by":"me","format":1,"previous":"blake3:%s","sequence":7}' % (b"0" * 64)
)


@pytest.mark.long
@pytest.mark.parametrize("target", ["yaml", "json", "toml", "entry"])
def test_no_input_brings_a_reader_down(tmp_path: Path, target: str) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("optional: atheris is not installed")
    if target == "entry":
        (tmp_path / "seed").write_bytes(ENTRY)
    for sample in SAMPLES.glob(f"*.{target}"):
        (tmp_path / sample.name).write_bytes(sample.read_bytes())
    limits = [f"-runs={RUNS}", "-timeout=30", "-rss_limit_mb=2048", "-max_len=4096", "-seed=4", "-verbosity=0"]
    command = [sys.executable, str(WORKER), target, *limits, f"-artifact_prefix={tmp_path}/", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-4000:]
