-- Expand: `url` is to be called `target_url`.
-- Both changes are to the catalogue only, so neither reads nor rewrites a row.
SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE links ADD COLUMN target_url text;
ALTER TABLE links ALTER COLUMN url DROP NOT NULL;
