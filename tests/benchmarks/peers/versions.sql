-- pgbench: Flyte 2's ListVersions of one task.
SELECT version, created_at FROM tasks
WHERE project = 'project7' AND domain = 'staging' AND name = 'core.module_7.task_7'
ORDER BY created_at DESC LIMIT 50 OFFSET 0;
