-- Layers that image builds made, by everything that went into them.
CREATE TABLE build_cache (
    key         TEXT NOT NULL PRIMARY KEY,
    digest      TEXT NOT NULL,
    diff_id     TEXT NOT NULL,
    size        BIGINT NOT NULL,
    used_at     BIGINT NOT NULL
);
CREATE INDEX build_cache_used_at ON build_cache(used_at);
CREATE INDEX build_cache_digest ON build_cache(digest);
