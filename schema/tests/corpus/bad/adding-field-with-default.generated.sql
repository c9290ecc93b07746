SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE users ADD COLUMN shout text GENERATED ALWAYS AS (upper(name)) STORED;
-- found in line 4
