-- pgbench: the same of one project and domain, which Flyte 2 gives as the scope of both passes.
WITH filtered_tasks AS (
    SELECT *, row_number() OVER (PARTITION BY project, domain, name ORDER BY created_at DESC) AS rn
    FROM tasks WHERE project = 'project7' AND domain = 'staging'
), unfiltered_tasks AS (
    SELECT *, row_number() OVER (PARTITION BY project, domain, name ORDER BY created_at DESC) AS rn
    FROM tasks WHERE project = 'project7' AND domain = 'staging'
), total_counts AS (
    SELECT (SELECT count(*) FROM filtered_tasks WHERE rn = 1) AS filtered_total,
        (SELECT count(*) FROM unfiltered_tasks WHERE rn = 1) AS total
)
SELECT filtered_tasks.*, total_counts.filtered_total, total_counts.total FROM filtered_tasks, total_counts
WHERE filtered_tasks.rn = 1 ORDER BY created_at DESC LIMIT 50 OFFSET 0;
