-- The Amazon SNS topic whose signed messages alone are taken; none takes what knows the secret.
ALTER TABLE remotes ADD COLUMN sns_topic TEXT;
ALTER TABLE webhook_allows ADD COLUMN sns_topic TEXT;

-- Whether the webhook that we registered is still there: when to look next, when it was seen last, why it could
-- not be looked at, and why it does not call any more.
ALTER TABLE remotes ADD COLUMN hook_check_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE remotes ADD COLUMN hook_seen_at BIGINT;
ALTER TABLE remotes ADD COLUMN hook_check_failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE remotes ADD COLUMN hook_check_error TEXT;
ALTER TABLE remotes ADD COLUMN hook_lost TEXT;
