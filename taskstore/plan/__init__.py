"""Decisions: what a request means for the registry. Pure functions; see `deploy.plan`."""
