-- The tables of Flyte 2's runs service as far as tasks and triggers go: its columns, keys and indexes.
CREATE TABLE tasks (
    project text NOT NULL, domain text NOT NULL, name text NOT NULL, version text NOT NULL,
    environment text NOT NULL DEFAULT '', function_name text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
    deployed_by text NOT NULL DEFAULT '', trigger_name text,
    total_triggers integer NOT NULL DEFAULT 0, active_triggers integer NOT NULL DEFAULT 0,
    trigger_automation_spec bytea, trigger_types bit(10), task_spec bytea, env_description text, short_description text,
    PRIMARY KEY (project, domain, name, version)
);
CREATE INDEX ON tasks (project, domain, name, version);
CREATE TABLE triggers (
    id bigserial PRIMARY KEY,
    project text NOT NULL, domain text NOT NULL, task_name text NOT NULL, name text NOT NULL,
    latest_revision bigint NOT NULL DEFAULT 1, spec bytea NOT NULL, automation_spec bytea,
    task_version text NOT NULL, active boolean NOT NULL, automation_type text NOT NULL DEFAULT 'TYPE_NONE',
    deployed_by text, updated_by text, deployed_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
    triggered_at timestamptz, deleted_at timestamptz, description text
);
CREATE UNIQUE INDEX ON triggers (project, domain, task_name, name);
CREATE INDEX ON triggers (active, automation_type);
CREATE TABLE trigger_revisions (
    project text NOT NULL, domain text NOT NULL, task_name text NOT NULL, name text NOT NULL, revision bigint NOT NULL,
    spec bytea NOT NULL, automation_spec bytea, task_version text NOT NULL, active boolean NOT NULL,
    automation_type text NOT NULL DEFAULT 'TYPE_NONE', deployed_by text, updated_by text,
    deployed_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, triggered_at timestamptz, deleted_at timestamptz,
    action text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project, domain, task_name, name, revision)
);
