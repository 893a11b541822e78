"""A program for the stock Flyte client to deploy: several tasks, triggers of each kind, inputs."""

import flyte

env = flyte.TaskEnvironment(name="sorting", description="Tasks that sort — größer ist später")


@env.task(
    triggers=(
        flyte.Trigger(
            name="nightly",
            automation=flyte.Cron("0 2 * * *", timezone="Europe/Berlin"),
            inputs={"limit": 7},
            description="Every night",
        ),
        flyte.Trigger(
            name="often",
            automation=flyte.FixedRate(30),
            inputs={"limit": 3},
            auto_activate=False,
        ),
    )
)
async def merge_sort(numbers: list[int], limit: int = 5) -> list[int]:
    """Sorts numbers.

    Args:
        numbers: What to sort.
        limit: How many to return.
    """
    return sorted(numbers)[:limit]


@env.task(cache="auto", retries=2)
async def largest(numbers: list[int]) -> int:
    """The largest number."""
    return max(numbers)


@env.task(triggers=flyte.Trigger(name="yearly", automation=flyte.Cron("@yearly")))
async def report() -> str:
    return "nothing to report"
