"""What taskstore is compared with: what Flyte does on PostgreSQL, git's objects, and what the disk and DuckDB allow."""
