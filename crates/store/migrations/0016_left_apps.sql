-- Where a project that was deleted has left its app. No key of a project's or a cluster's: both may be gone.
CREATE TABLE left_apps (
    project     TEXT NOT NULL,
    cluster     TEXT NOT NULL,
    namespace   TEXT NOT NULL,
    left_at     BIGINT NOT NULL,
    PRIMARY KEY (project, cluster, namespace)
);

-- What such a namespace goes on pulling with. Only what a token is known by: nobody writes it anywhere again.
CREATE TABLE left_pull_tokens (
    hash        TEXT PRIMARY KEY,
    project     TEXT NOT NULL,
    cluster     TEXT NOT NULL,
    namespace   TEXT NOT NULL,
    FOREIGN KEY (project, cluster, namespace) REFERENCES left_apps (project, cluster, namespace) ON DELETE CASCADE
);
