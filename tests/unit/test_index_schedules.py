"""A trigger's schedule in a few words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from taskstore.index.schedules import describe
from taskstore_specs.models import ArtifactTrigger, AutomationSpec, Cron, FixedRate, FixedRateUnit, Schedule


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Schedule(cron=Cron("0 2 * * *", "Europe/Berlin")), "0 2 * * * Europe/Berlin"),
        (Schedule(cron=Cron("@daily")), "@daily"),
        (Schedule(cron_expression="0 2 * * *"), "0 2 * * *"),
        (Schedule(rate=FixedRate(1, FixedRateUnit.DAY)), "every day"),
        (Schedule(rate=FixedRate(5, FixedRateUnit.MINUTE)), "every 5 minutes"),
        (
            Schedule(rate=FixedRate(2, FixedRateUnit.HOUR, datetime(2026, 1, 1, tzinfo=UTC))),
            "every 2 hours from 2026-01-01T00:00:00Z",
        ),
    ],
)
def test_a_schedule(schedule: Schedule, words: str) -> None:
    assert describe(AutomationSpec(schedule=schedule)) == words


def test_an_artifact_and_nothing() -> None:
    assert describe(AutomationSpec(artifact=ArtifactTrigger("model"))) == "artifact model"
    assert describe(AutomationSpec()) == ""
