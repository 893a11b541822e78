"""What the registry answers, as Flyte's messages; and what Flyte's list requests ask, as the registry's queries.

Fields that Flyte's own server fills from runs (latest runs, `triggered_at`) have nothing to hold here and stay unset.
"""
