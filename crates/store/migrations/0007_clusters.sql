-- Clusters that were added. `local` is always there and has no row.
CREATE TABLE clusters (
    name        TEXT PRIMARY KEY,
    -- How the server reaches it: kubeconfig, in-cluster or token.
    method      TEXT NOT NULL,
    server      TEXT NOT NULL,
    context     TEXT,
    -- The credential plug-in that the server runs, if any.
    plugin      TEXT,
    -- Sealed, in base64.
    credentials TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

-- What a cluster pulls a project's images with. The hash is looked up; the sealed token is put into the
-- namespace again at each deployment.
CREATE TABLE pull_tokens (
    hash        TEXT PRIMARY KEY,
    project     TEXT NOT NULL REFERENCES projects(name) ON DELETE CASCADE,
    cluster     TEXT NOT NULL,
    namespace   TEXT NOT NULL,
    token       TEXT NOT NULL,
    created_at  BIGINT NOT NULL
);
CREATE INDEX pull_tokens_of ON pull_tokens(project, cluster, namespace);
