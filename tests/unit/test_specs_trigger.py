"""Reading a trigger alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskstore_specs import Format, ManifestError, read_manifest, read_trigger
from taskstore_specs.models import AutomationType

REQUEST = b'{"taskId": {"project": "p", "domain": "d", "name": "n", "version": "v"}, "spec": {}, "triggers": [%b]}'


def test_every_trigger_of_the_corpus_reads_as_it_does_within_a_request(corpus: Path) -> None:
    files = sorted((corpus / "triggers").iterdir())
    assert files
    for file in files:
        data = file.read_bytes()
        alone = read_trigger(file.name, data, Format.JSON)
        assert (alone,) == read_manifest(file.name, REQUEST % data, Format.JSON)[0].triggers  # type: ignore[union-attr]


def test_the_type_is_inferred_and_the_start_is_in_utc() -> None:
    text = b"""
name: nightly
automation_spec: {schedule: {rate: {value: 1, unit: FIXED_RATE_UNIT_DAY, start_time: "2026-01-01T02:00:00+02:00"}}}
"""
    trigger = read_trigger("t.yaml", text, Format.YAML)
    assert trigger.automation_spec.type is AutomationType.SCHEDULE
    assert trigger.automation_spec.schedule is not None and trigger.automation_spec.schedule.rate is not None
    assert str(trigger.automation_spec.schedule.rate.start_time) == "2026-01-01 00:00:00+00:00"


def test_what_is_wrong_is_named_by_its_place() -> None:
    with pytest.raises(ManifestError) as caught:
        read_trigger("t.yaml", b"name: ' x'\nspec: {activ: true}\n", Format.YAML)
    assert {(problem.path, problem.line) for problem in caught.value.problems} == {("name", 1), ("spec.activ", 2)}


@pytest.mark.parametrize(
    ("written", "meant"), [("offloaded_input_dat", "offloaded_input_data"), ("offloadedInputDat", "offloadedInputData")]
)
def test_the_name_that_was_meant_is_told_in_the_writers_spelling(written: str, meant: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read_trigger("t.json", b'{"name": "t", "spec": {"%b": {}}}' % written.encode(), Format.JSON)
    assert meant in caught.value.hint
