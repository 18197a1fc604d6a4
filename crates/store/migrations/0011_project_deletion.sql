-- Projects that are being deleted. The row goes with the project, when nothing else of it is left.
CREATE TABLE project_deletions (
    project         TEXT PRIMARY KEY REFERENCES projects(name) ON DELETE CASCADE,
    -- What it has in its cluster stays there.
    leave_app       BIGINT NOT NULL,
    requested_at    BIGINT NOT NULL,
    -- When it is gone on with; what failed waits longer.
    due_at          BIGINT NOT NULL,
    failures        BIGINT NOT NULL DEFAULT 0,
    error           TEXT
);
