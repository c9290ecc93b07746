-- The column comes back empty: whoever still reads it also reads `target_url` first.
SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE links ADD COLUMN url text;
