-- pgbench: the deploy of a new task with one trigger, as Flyte 2 makes it: one transaction of six round trips.
-- Every client counts its own tasks; `spec` is 1.5 KB, the size of the median real specification in its wire form.
\set number :number + 1
\set task :client_id * 100000000 + :number
BEGIN;
INSERT INTO tasks (project, domain, name, version, environment, function_name, deployed_by, task_spec, env_description,
        short_description, created_at, updated_at)
    VALUES ('flytesnacks', 'development', 'module.task_' || :task::bigint, '20290b0faa36', 'module',
        'task_' || :task::bigint, '', :spec::bytea || convert_to(:task::bigint::text, 'UTF8'), 'Sorting at scale',
        'Does what a task does.', clock_timestamp(), clock_timestamp())
    ON CONFLICT (project, domain, name, version) DO UPDATE SET
        environment = excluded.environment, function_name = excluded.function_name, deployed_by = excluded.deployed_by,
        task_spec = excluded.task_spec, env_description = excluded.env_description,
        short_description = excluded.short_description, updated_at = excluded.updated_at;
SELECT name FROM triggers
    WHERE project = 'flytesnacks' AND domain = 'development' AND task_name = 'module.task_' || :task::bigint
    AND deleted_at IS NULL;
INSERT INTO triggers (project, domain, task_name, name, latest_revision, spec, automation_spec, task_version, active,
        automation_type, deployed_by, updated_by, deployed_at, updated_at, description)
    VALUES ('flytesnacks', 'development', 'module.task_' || :task::bigint, 'daily', 1, '\x08011a', '\x0a0b',
        '20290b0faa36', true, 'TYPE_SCHEDULE', '', '', clock_timestamp(), clock_timestamp(), 'Every night')
    ON CONFLICT (project, domain, task_name, name) DO UPDATE SET
        latest_revision = triggers.latest_revision + 1, deployed_at = excluded.deployed_at,
        deployed_by = excluded.deployed_by,
        updated_at = CASE WHEN triggers.active <> excluded.active THEN excluded.updated_at ELSE triggers.updated_at END,
        updated_by = CASE WHEN triggers.active <> excluded.active THEN excluded.updated_by ELSE triggers.updated_by END,
        deleted_at = NULL, active = excluded.active, task_version = excluded.task_version,
        automation_type = excluded.automation_type, automation_spec = excluded.automation_spec, spec = excluded.spec,
        description = excluded.description
    RETURNING latest_revision AS revision \gset
INSERT INTO trigger_revisions (project, domain, task_name, name, revision, spec, automation_spec, task_version, active,
        automation_type, deployed_by, updated_by, deployed_at, updated_at, action)
    VALUES ('flytesnacks', 'development', 'module.task_' || :task::bigint, 'daily', :revision::bigint, '\x08011a',
        '\x0a0b', '20290b0faa36', true, 'TYPE_SCHEDULE', '', '', clock_timestamp(), clock_timestamp(), 'DEPLOY');
SELECT active, count(*) AS count, string_agg(name, ',') AS trigger_name,
        string_agg(encode(automation_spec, 'escape'), ',') AS automation_spec
    FROM triggers
    WHERE project = 'flytesnacks' AND domain = 'development' AND task_name = 'module.task_' || :task::bigint
    AND task_version = '20290b0faa36' AND deleted_at IS NULL GROUP BY active;
UPDATE tasks SET trigger_name = 'daily', total_triggers = 1, active_triggers = 1, trigger_automation_spec = '\x0a0b'
    WHERE project = 'flytesnacks' AND domain = 'development' AND name = 'module.task_' || :task::bigint
    AND version = '20290b0faa36';
COMMIT;
