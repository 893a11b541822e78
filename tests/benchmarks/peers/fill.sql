-- The large registry: `versions` versions of `tasks` tasks in 20 projects and 3 domains, as registry.py makes them.
INSERT INTO tasks (project, domain, name, version, environment, function_name, created_at, updated_at, deployed_by,
        trigger_name, total_triggers, active_triggers, task_spec, env_description, short_description)
    SELECT 'project' || task % 20, (ARRAY['development', 'staging', 'production'])[1 + task % 3],
        'core.module_' || task % 500 || '.task_' || task, 'v' || version, 'core.module_' || task % 500, 'task_' || task,
        at, at, '', 'daily', 1, 1, specs.spec, 'Production environment', 'Does what task ' || task || ' does.'
    FROM (
        SELECT number::bigint * 7919 % :tasks AS task, number / :tasks AS version,
            timestamptz '2026-01-01' + number * interval '1 second' AS at
        FROM generate_series(0, :versions - 1) AS number
    ) AS numbered
    JOIN (
        SELECT one AS number, string_agg(decode(md5(one || '/' || part), 'hex'), '') AS spec
        FROM generate_series(0, 99) AS one, generate_series(1, 96) AS part GROUP BY one
    ) AS specs ON specs.number = task % 100;
VACUUM (ANALYZE, FREEZE) tasks;
CHECKPOINT;
