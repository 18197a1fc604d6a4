-- Times are milliseconds since 1970 in UTC. JSON is text. Only what SQLite and PostgreSQL share.
CREATE TABLE projects (
    name            TEXT PRIMARY KEY,
    branch          TEXT NOT NULL,
    cluster         TEXT NOT NULL,
    namespace       TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    next_execution  BIGINT NOT NULL DEFAULT 1
);

-- The refs as we last saw them. A deleted ref keeps its row, so that its generation goes on counting.
CREATE TABLE refs (
    project     TEXT NOT NULL REFERENCES projects(name) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    commit_id   TEXT,
    generation  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (project, name)
);

CREATE TABLE events (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    key         TEXT NOT NULL UNIQUE,
    project     TEXT NOT NULL REFERENCES projects(name) ON DELETE CASCADE,
    event       TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    handled_at  BIGINT
);
CREATE INDEX events_unhandled ON events(id) WHERE handled_at IS NULL;

CREATE TABLE executions (
    project         TEXT NOT NULL REFERENCES projects(name) ON DELETE CASCADE,
    number          BIGINT NOT NULL,
    event_key       TEXT NOT NULL UNIQUE,
    "trigger"       TEXT NOT NULL,
    ref_name        TEXT NOT NULL,
    commit_id       TEXT NOT NULL,
    title           TEXT NOT NULL,
    author          TEXT NOT NULL,
    pipeline        TEXT,
    explanation     TEXT NOT NULL DEFAULT '[]',
    triggered_at    BIGINT NOT NULL,
    started_at      BIGINT,
    finished_at     BIGINT,
    outcome         TEXT,
    reason          TEXT,
    cancel_requested_at BIGINT,
    PRIMARY KEY (project, number)
);
CREATE INDEX executions_unfinished ON executions(project, number) WHERE finished_at IS NULL;

CREATE TABLE action_runs (
    project     TEXT NOT NULL,
    number      BIGINT NOT NULL,
    stage       TEXT NOT NULL,
    action      TEXT NOT NULL,
    attempt     BIGINT NOT NULL,
    started_at  BIGINT NOT NULL,
    finished_at BIGINT,
    outcome     TEXT,
    reason      TEXT,
    variables   TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (project, number, stage, action, attempt),
    FOREIGN KEY (project, number) REFERENCES executions(project, number) ON DELETE CASCADE
);
CREATE INDEX action_runs_unfinished ON action_runs(project, number) WHERE finished_at IS NULL;

-- What an action did, in order: the phases of a build, the steps of an image, the objects of a deployment.
CREATE TABLE phases (
    project     TEXT NOT NULL,
    number      BIGINT NOT NULL,
    stage       TEXT NOT NULL,
    action      TEXT NOT NULL,
    attempt     BIGINT NOT NULL,
    position    BIGINT NOT NULL,
    name        TEXT NOT NULL,
    status      TEXT NOT NULL,
    started_at  BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (project, number, stage, action, attempt, position),
    FOREIGN KEY (project, number, stage, action, attempt)
        REFERENCES action_runs(project, number, stage, action, attempt) ON DELETE CASCADE
);

CREATE TABLE artifacts (
    project     TEXT NOT NULL,
    number      BIGINT NOT NULL,
    name        TEXT NOT NULL,
    digest      TEXT NOT NULL,
    size        BIGINT NOT NULL,
    PRIMARY KEY (project, number, name),
    FOREIGN KEY (project, number) REFERENCES executions(project, number) ON DELETE CASCADE
);

CREATE TABLE source_artifacts (
    project     TEXT NOT NULL REFERENCES projects(name) ON DELETE CASCADE,
    commit_id   TEXT NOT NULL,
    digest      TEXT NOT NULL,
    size        BIGINT NOT NULL,
    used_at     BIGINT NOT NULL,
    PRIMARY KEY (project, commit_id)
);

CREATE TABLE releases (
    project     TEXT NOT NULL,
    number      BIGINT NOT NULL,
    cluster     TEXT NOT NULL,
    namespace   TEXT NOT NULL,
    image       TEXT,
    manifests   TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (project, number),
    FOREIGN KEY (project, number) REFERENCES executions(project, number) ON DELETE CASCADE
);
