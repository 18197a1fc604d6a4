-- Where a project's builds run, when that is not this machine.
CREATE TABLE build_places (
    project     TEXT PRIMARY KEY REFERENCES projects(name) ON DELETE CASCADE,
    cluster     TEXT NOT NULL,
    image       TEXT,
    compute     TEXT
);

-- Jobs that a worker elsewhere may call for, each with the hash of its own token. A row lasts as long as the job.
CREATE TABLE work_jobs (
    id          TEXT PRIMARY KEY,
    token_hash  TEXT NOT NULL,
    project     TEXT NOT NULL,
    number      BIGINT NOT NULL,
    stage       TEXT NOT NULL,
    action      TEXT NOT NULL,
    attempt     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    FOREIGN KEY (project, number, stage, action, attempt)
        REFERENCES action_runs(project, number, stage, action, attempt) ON DELETE CASCADE
);
