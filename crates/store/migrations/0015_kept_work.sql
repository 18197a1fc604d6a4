-- A job whose attempt has failed goes on as long as its place is kept for visitors.
ALTER TABLE work_jobs ADD COLUMN kept BIGINT NOT NULL DEFAULT 0;
