SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE users ADD COLUMN initial text GENERATED ALWAYS AS (left(name, 1)) STORED;
-- found in line 4
