SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE users ALTER COLUMN nickname SET NOT NULL;
-- found in line 4
