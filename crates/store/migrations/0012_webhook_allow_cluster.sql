-- Where the projects go that come of a pattern; no namespace is one of the project's own name.
ALTER TABLE webhook_allows ADD COLUMN cluster TEXT NOT NULL DEFAULT 'local';
ALTER TABLE webhook_allows ADD COLUMN namespace TEXT;
