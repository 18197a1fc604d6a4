-- Where a project's repository really lives, and how we reach it.
CREATE TABLE remotes (
    project         TEXT PRIMARY KEY REFERENCES projects(name) ON DELETE CASCADE,
    url             TEXT NOT NULL,
    -- host/path: the same for HTTPS and SSH, so that a payload's repository finds its projects.
    repository      TEXT NOT NULL,
    provider        TEXT NOT NULL,
    username        TEXT,
    -- none, token or ssh-key.
    credential      TEXT NOT NULL,
    known_hosts     TEXT,
    -- Whether the sealed secrets hold a token for the git host's API.
    has_api_token   BIGINT NOT NULL,
    -- Credential, API token and webhook secret: JSON, sealed, in base64.
    secrets         TEXT NOT NULL,
    -- 0 never polls.
    poll_seconds    BIGINT NOT NULL,
    -- When it is looked at next; what failed waits longer.
    due_at          BIGINT NOT NULL,
    failures        BIGINT NOT NULL DEFAULT 0,
    error           TEXT,
    fetched_at      BIGINT,
    -- The webhook that we registered, or are to register.
    hook_wanted     BIGINT NOT NULL DEFAULT 0,
    hook_id         TEXT,
    hook_due_at     BIGINT NOT NULL DEFAULT 0,
    hook_failures   BIGINT NOT NULL DEFAULT 0,
    hook_error      TEXT,
    created_at      BIGINT NOT NULL
);
CREATE INDEX remotes_of_repository ON remotes(repository);

-- What git hosts sent. Of what was refused only the fact is kept: no project, no key, no body.
CREATE TABLE deliveries (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Provider, whom it is for, and the sender's id: a second one is the same delivery.
    key             TEXT UNIQUE,
    received_at     BIGINT NOT NULL,
    provider        TEXT NOT NULL,
    path            TEXT NOT NULL,
    -- None yet, when its first push is to make the project.
    project         TEXT REFERENCES projects(name) ON DELETE CASCADE,
    repository      TEXT,
    branch          TEXT,
    event           TEXT NOT NULL,
    -- pending, done, ignored, failed or refused.
    state           TEXT NOT NULL,
    reason          TEXT NOT NULL,
    size            BIGINT NOT NULL,
    -- Its beginning.
    body            TEXT,
    handled_at      BIGINT
);
CREATE INDEX deliveries_pending ON deliveries(project, id) WHERE state = 'pending';
CREATE INDEX deliveries_of ON deliveries(project, id);
CREATE INDEX deliveries_refused ON deliveries(id) WHERE state = 'refused';

-- One URL for many repositories: the secret, and which repositories may make projects of themselves.
CREATE TABLE webhook_secrets (
    provider        TEXT PRIMARY KEY,
    -- Sealed, in base64.
    secret          TEXT NOT NULL,
    created_at      BIGINT NOT NULL
);

CREATE TABLE webhook_allows (
    provider        TEXT NOT NULL,
    pattern         TEXT NOT NULL,
    -- Of the projects that come of it; none is the repository's default branch.
    branch          TEXT,
    username        TEXT,
    -- JSON, sealed, in base64: what the projects' remotes get.
    secrets         TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (provider, pattern)
);

-- What the git host was told of an execution.
CREATE TABLE told_statuses (
    project         TEXT NOT NULL,
    number          BIGINT NOT NULL,
    -- pending, or the outcome; empty before the first.
    told            TEXT NOT NULL,
    failures        BIGINT NOT NULL DEFAULT 0,
    due_at          BIGINT NOT NULL,
    error           TEXT,
    PRIMARY KEY (project, number),
    FOREIGN KEY (project, number) REFERENCES executions(project, number) ON DELETE CASCADE
);
