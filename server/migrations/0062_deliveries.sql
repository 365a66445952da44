-- The headers of a webhook request, without credentials, as JSON: pairs of name and value.
ALTER TABLE deliveries ADD COLUMN headers TEXT NOT NULL DEFAULT '[]';
-- Newest first: ids rise with time.
CREATE INDEX deliveries_repository ON deliveries (repository, id);
