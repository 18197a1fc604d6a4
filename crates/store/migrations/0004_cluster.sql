-- What the local cluster is asked to run. Secrets are kept as they were applied; the data folder is private.
CREATE TABLE cluster_objects (
    -- Empty for kinds outside of namespaces.
    namespace   TEXT NOT NULL,
    name        TEXT NOT NULL,
    api_group   TEXT NOT NULL,
    kind        TEXT NOT NULL,
    project     TEXT NOT NULL,
    generation  BIGINT NOT NULL,
    object      TEXT NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (namespace, name, api_group, kind)
);
CREATE INDEX cluster_objects_project ON cluster_objects(project);

-- Counts a project's applies; a newer one supersedes waiting for an older one.
CREATE TABLE cluster_applies (
    project     TEXT PRIMARY KEY,
    number      BIGINT NOT NULL,
    applied_at  BIGINT NOT NULL
);

CREATE TABLE cluster_replica_sets (
    namespace   TEXT NOT NULL,
    deployment  TEXT NOT NULL,
    hash        TEXT NOT NULL,
    revision    BIGINT NOT NULL,
    replicas    BIGINT NOT NULL,
    template    TEXT NOT NULL,
    PRIMARY KEY (namespace, deployment, hash)
);

-- Chosen once, so that what was written down stays right.
CREATE TABLE cluster_addresses (
    namespace   TEXT NOT NULL,
    service     TEXT NOT NULL,
    cluster_ip  TEXT NOT NULL UNIQUE,
    PRIMARY KEY (namespace, service)
);

CREATE TABLE cluster_host_ports (
    namespace   TEXT NOT NULL,
    service     TEXT NOT NULL,
    port        BIGINT NOT NULL,
    host_port   BIGINT NOT NULL UNIQUE,
    -- The nodePort of the manifest when this was chosen. Another one there is another choice.
    asked       BIGINT,
    PRIMARY KEY (namespace, service, port)
);
