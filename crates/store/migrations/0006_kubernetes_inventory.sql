-- What marks the objects of this installation in clusters that several may use. One row.
CREATE TABLE installation (
    id          TEXT PRIMARY KEY
);

-- The objects that a project put into a Kubernetes cluster: what may be pruned, and nothing else. A row is
-- written before its object is applied and goes after it was deleted.
CREATE TABLE kubernetes_inventory (
    cluster     TEXT NOT NULL,
    -- Empty for kinds outside of namespaces.
    namespace   TEXT NOT NULL,
    name        TEXT NOT NULL,
    api_group   TEXT NOT NULL,
    kind        TEXT NOT NULL,
    -- The version of the API by which it was applied last.
    version     TEXT NOT NULL,
    project     TEXT NOT NULL,
    -- Empty until the server has answered.
    uid         TEXT NOT NULL,
    -- The newest apply that had it.
    number      BIGINT NOT NULL,
    PRIMARY KEY (cluster, namespace, name, api_group, kind)
);
CREATE INDEX kubernetes_inventory_project ON kubernetes_inventory(cluster, project);

-- Counts a project's applies; a newer one supersedes waiting for an older one.
CREATE TABLE kubernetes_applies (
    cluster     TEXT NOT NULL,
    project     TEXT NOT NULL,
    number      BIGINT NOT NULL,
    applied_at  BIGINT NOT NULL,
    PRIMARY KEY (cluster, project)
);
